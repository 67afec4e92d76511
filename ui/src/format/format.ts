/** How numbers and times read in a language and a time zone. */

export type Lang = 'en' | 'fr';
export type Zone = 'utc' | 'local';

export interface Format {
  lang: Lang;
  zone: Zone;
  count: (n: number) => string;
  /** With three digits: `1.06`, `1,240`. */
  amount: (n: number) => string;
  /** Short, for axes and tiles: `12.3k`. */
  compact: (n: number) => string;
  /** A part of a whole; nothing of nothing is a dash. */
  share: (part: number, whole: number) => string;
  /** Microseconds. */
  duration: (us: number | null) => string;
  bytes: (n: number | null) => string;
  /** An instant with its seconds. */
  time: (instant: string | number) => string;
  /** With milliseconds, for raw lines. */
  exact: (instant: string | number) => string;
  /** To the minute. */
  moment: (instant: string | number) => string;
  day: (instant: string | number) => string;
  clock: (instant: string | number) => string;
  month: (month: string) => string;
  /** `3 days ago`. */
  ago: (instant: string | number, now: number) => string;
  /** A length of time in words: `14 days`. */
  span: (ms: number) => string;
  list: (names: readonly string[]) => string;
}

const LOCALE: Record<Lang, string> = { en: 'en-GB', fr: 'fr-FR' };
const DASH = '–';

export function format(lang: Lang, zone: Zone): Format {
  const locale = LOCALE[lang];
  const timeZone = zone === 'utc' ? { timeZone: 'UTC' } : {};
  const count = new Intl.NumberFormat(locale);
  const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const digits = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
  const date = new Intl.DateTimeFormat(locale, { ...timeZone, year: 'numeric', month: 'short', day: 'numeric' });
  const clock = new Intl.DateTimeFormat(locale, { ...timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const second = new Intl.DateTimeFormat(locale, { ...timeZone, hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
  const milli = new Intl.DateTimeFormat(locale, {
    ...timeZone, hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23',
  });
  const month = new Intl.DateTimeFormat(locale, { timeZone: 'UTC', year: 'numeric', month: 'short' });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const list = new Intl.ListFormat(locale, { type: 'conjunction' });
  const unit = (value: number, name: string) => `${digits.format(value)}\u00a0${name}`;
  const whole = (value: number, name: Intl.RelativeTimeFormatUnit) =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name as string, unitDisplay: 'long', maximumFractionDigits: 0 }).format(value);

  return {
    lang,
    zone,
    count: (n) => count.format(n),
    amount: (n) => (Math.abs(n) >= 100 ? count.format(Math.round(n)) : digits.format(n)),
    compact: (n) => compact.format(n),
    share: (part, all) => share(part, all, percent),
    duration: (us) => (us === null ? DASH : duration(us, unit)),
    bytes: (n) => (n === null ? DASH : bytes(n, unit)),
    time: (instant) => `${date.format(new Date(instant))}, ${second.format(new Date(instant))}`,
    exact: (instant) => `${date.format(new Date(instant))}, ${milli.format(new Date(instant))}`,
    moment: (instant) => `${date.format(new Date(instant))}, ${clock.format(new Date(instant))}`,
    day: (instant) => date.format(new Date(instant)),
    clock: (instant) => clock.format(new Date(instant)),
    month: (text) => month.format(new Date(`${text.slice(0, 7)}-01T00:00Z`)),
    ago: (instant, now) => ago(new Date(instant).getTime() - now, relative),
    span: (ms) => {
      const [value, name] = largest(ms);
      return whole(value, name);
    },
    list: (names) => list.format(names),
  };
}

type Unit = (value: number, name: string) => string;

function duration(us: number, unit: Unit): string {
  if (us < 1000) return unit(us, 'µs');
  if (us < 1_000_000) return unit(us / 1000, 'ms');
  if (us < 60_000_000) return unit(us / 1_000_000, 's');
  const seconds = Math.round(us / 1_000_000);
  if (seconds < 3600) return `${unit(Math.floor(seconds / 60), 'min')} ${unit(seconds % 60, 's')}`;
  return `${unit(Math.floor(seconds / 3600), 'h')} ${unit(Math.floor((seconds % 3600) / 60), 'min')}`;
}

function bytes(n: number, unit: Unit): string {
  const names = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = n;
  let at = 0;
  while (value >= 1000 && at < names.length - 1) {
    value /= 1000;
    at++;
  }
  return unit(value, names[at] ?? 'B');
}

const SECOND = 1000;
const STEPS: readonly [number, Intl.RelativeTimeFormatUnit][] = [
  [365.25 * 86_400 * SECOND, 'year'],
  [60 * 86_400 * SECOND, 'month'],
  [2 * 86_400 * SECOND, 'day'],
  [3600 * SECOND, 'hour'],
  [60 * SECOND, 'minute'],
  [SECOND, 'second'],
];
const LENGTH: Partial<Record<Intl.RelativeTimeFormatUnit, number>> = {
  year: 365.25 * 86_400 * SECOND,
  month: 30.44 * 86_400 * SECOND,
  day: 86_400 * SECOND,
  hour: 3600 * SECOND,
  minute: 60 * SECOND,
  second: SECOND,
};

/** The unit in which a person would say it, and how many of it. */
function largest(ms: number): [number, Intl.RelativeTimeFormatUnit] {
  const size = Math.abs(ms);
  const name = STEPS.find(([least]) => size >= least)?.[1] ?? 'second';
  return [Math.max(1, Math.floor(size / (LENGTH[name] ?? SECOND))), name];
}

function ago(ms: number, relative: Intl.RelativeTimeFormat): string {
  const [value, name] = largest(ms);
  return relative.format(ms > 0 ? value : -value, name);
}

/** What is there is never none, and what is not all is never all. */
function share(part: number, all: number, percent: Intl.NumberFormat): string {
  if (all === 0) return DASH;
  if (part > 0 && part / all < 0.0005) return `<\u00a0${percent.format(0.001)}`;
  if (part < all && part / all >= 0.9995) return `>\u00a0${percent.format(0.999)}`;
  return percent.format(part / all);
}

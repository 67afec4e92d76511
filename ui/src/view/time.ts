/** The range of the time picker: what it is, how the address writes it, how it moves. */

export type Unit = 'm' | 'h' | 'd' | 'w' | 'M' | 'y';

/** Instants are milliseconds since 1970; ranges are [from, to). */
export type Range =
  | { kind: 'all' }
  | { kind: 'last'; amount: number; unit: Unit }
  | { kind: 'between'; from: number; to: number };

export const ALL: Range = { kind: 'all' };

/** What the picker offers. */
export const QUICK: readonly Range[] = [
  { kind: 'last', amount: 15, unit: 'm' },
  { kind: 'last', amount: 1, unit: 'h' },
  { kind: 'last', amount: 24, unit: 'h' },
  { kind: 'last', amount: 7, unit: 'd' },
  { kind: 'last', amount: 30, unit: 'd' },
  { kind: 'last', amount: 3, unit: 'M' },
  { kind: 'last', amount: 1, unit: 'y' },
  ALL,
];

const MINUTE = 60_000;
const FIXED: Record<'m' | 'h' | 'd' | 'w', number> = {
  m: MINUTE,
  h: 60 * MINUTE,
  d: 24 * 60 * MINUTE,
  w: 7 * 24 * 60 * MINUTE,
};

/** No one asks for more than a hundred years, and a date must still exist. */
const MOST: Record<Unit, number> = { m: 52_560_000, h: 876_000, d: 36_500, w: 5_200, M: 1_200, y: 100 };

/** Reads what the address says: `24h`, `2026-10-01..2026-10-15T08:30Z`; `undefined` if it is neither. */
export function parseRange(text: string): Range | undefined {
  if (text === 'all') return ALL;
  const last = /^(\d{1,8})([mhdwMy])$/.exec(text);
  if (last) {
    const amount = Number(last[1]);
    const unit = last[2] as Unit;
    return amount >= 1 && amount <= MOST[unit] ? { kind: 'last', amount, unit } : undefined;
  }
  const [from, to, ...rest] = text.split('..').map(parseInstant);
  if (from === undefined || to === undefined || rest.length > 0 || from >= to) return undefined;
  return { kind: 'between', from, to };
}

/** The shortest text that {@link parseRange} reads as this range; nothing for all. */
export function writeRange(range: Range): string {
  switch (range.kind) {
    case 'all':
      return '';
    case 'last':
      return `${range.amount}${range.unit}`;
    case 'between':
      return `${writeInstant(range.from)}..${writeInstant(range.to)}`;
  }
}

function parseInstant(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/.test(text)) return undefined;
  const instant = Date.parse(text.length === 10 ? `${text}T00:00Z` : text);
  return Number.isNaN(instant) ? undefined : instant;
}

/** An instant in UTC, as short as it is exact. */
export function writeInstant(instant: number): string {
  const text = new Date(instant).toISOString();
  if (text.endsWith('T00:00:00.000Z')) return text.slice(0, 10);
  if (text.endsWith(':00.000Z')) return `${text.slice(0, 16)}Z`;
  if (text.endsWith('.000Z')) return `${text.slice(0, 19)}Z`;
  return text;
}

/** Instants to ask for, with `now` handed in; nothing means no bound. */
export function bounds(range: Range, now: number): { from: number; to: number } | undefined {
  switch (range.kind) {
    case 'all':
      return undefined;
    case 'last':
      return { from: before(now, range.amount, range.unit), to: now };
    case 'between':
      return { from: range.from, to: range.to };
  }
}

function before(now: number, amount: number, unit: Unit): number {
  if (unit !== 'M' && unit !== 'y') return now - amount * FIXED[unit];
  const date = new Date(now);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() - (unit === 'M' ? amount : 12 * amount));
  // The 31st of March less a month is the last day of February.
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, last));
  return date.getTime();
}

/** The neighbouring range of the same length. */
export function step(range: Range, now: number, direction: -1 | 1): Range {
  const found = bounds(range, now);
  if (found === undefined) return range;
  const span = (found.to - found.from) * direction;
  return { kind: 'between', from: found.from + span, to: found.to + span };
}

/** Twice as long, around the same middle. */
export function widen(range: Range, now: number): Range {
  const found = bounds(range, now);
  if (found === undefined) return range;
  const half = Math.max(1, Math.round((found.to - found.from) / 2));
  return { kind: 'between', from: found.from - half, to: found.to + half };
}

/** The same range with its bounds fixed, to send to somebody. */
export function freeze(range: Range, now: number): Range {
  const found = bounds(range, now);
  return found === undefined ? range : { kind: 'between', ...found };
}

/** Whether new calls can appear in it. */
export function moves(range: Range): boolean {
  return range.kind !== 'between';
}

import { addPill, parsePill, writePill, type Pill } from '../query/pill';
import { ALL, parseRange, writeRange, type Range } from './time';

/** What the address says of a view, whichever screen shows it. */
export interface View {
  range: Range;
  typed: string;
  pills: Pill[];
  paused: boolean;
  /** Whether personal data is shown, where lines are. */
  personal: boolean;
  /** Parts of the address that nobody can read; the rest counts all the same. */
  broken: { time?: string; pills: string[] };
}

/** The names in the address: short, because people paste it into chats. */
export const SHARED = ['t', 'q', 'f', 'paused', 'personal'] as const;

export function readView(search: URLSearchParams): View {
  const time = search.get('t');
  const range = time === null ? ALL : parseRange(time);
  const written = search.getAll('f');
  const pills = written.map(parsePill);
  return {
    range: range ?? ALL,
    typed: search.get('q') ?? '',
    pills: pills.filter((it) => it !== undefined),
    paused: search.get('paused') === '1',
    personal: search.get('personal') === '1',
    broken: {
      ...(range === undefined && time !== null ? { time } : {}),
      pills: written.filter((_, index) => pills[index] === undefined),
    },
  };
}

export type Change = Partial<Omit<View, 'broken'>>;

/** The address after a change; parameters of the screen itself stay as they are. */
export function writeView(search: URLSearchParams, change: Change): URLSearchParams {
  const view = { ...readView(search), ...change };
  const next = new URLSearchParams(search);
  for (const name of SHARED) next.delete(name);
  if (view.range.kind !== 'all') next.set('t', writeRange(view.range));
  if (view.typed.trim() !== '') next.set('q', view.typed.trim());
  for (const it of view.pills) next.append('f', writePill(it));
  if (view.paused) next.set('paused', '1');
  if (view.personal) next.set('personal', '1');
  return next;
}

/** The part of the address that goes along to another screen. */
export function carried(search: URLSearchParams): URLSearchParams {
  return writeView(new URLSearchParams(), withoutBroken(readView(search)));
}

/** The address of a screen with a view that differs from this one. */
export function linkTo(path: string, search: URLSearchParams, change: Change & { add?: Pill[] } = {}, own: Record<string, string> = {}): string {
  const { add = [], ...rest } = change;
  const base = carried(search);
  const pills = add.reduce<Pill[]>(addPill, rest.pills ?? readView(base).pills);
  const next = writeView(base, { ...rest, pills });
  for (const [name, value] of Object.entries(own)) next.set(name, value);
  return path + spell(next);
}

/** A search string that a person can read: only what must be escaped is. */
export function spell(search: URLSearchParams): string {
  const text = [...search].map(([name, value]) => `${name}=${readable(value)}`).join('&');
  return text === '' ? '' : `?${text}`;
}

function readable(value: string): string {
  return encodeURIComponent(value).replace(/%(3A|2F|2C|7E|7B|7D|3E|3C|20)/gi, (code) => (code === '%20' ? '+' : decodeURIComponent(code)));
}

function withoutBroken({ range, typed, pills, paused, personal }: View): Change {
  return { range, typed, pills, paused, personal };
}

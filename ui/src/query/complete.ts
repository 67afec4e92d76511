import { FIELD_NAMES, FIELDS, isField, JOINED_WORDS, type Field } from './fields';
import { quote } from './value';

/** Text to put in the place of [start, end). */
export interface Completion {
  start: number;
  end: number;
  text: string;
  kind: 'field' | 'value' | 'joiner';
}

/** Names that the server knows, by field. */
export type Known = Partial<Record<Field, readonly string[]>>;

const MOST = 10;

/** What could stand where the cursor is. */
export function complete(text: string, cursor: number, known: Known): Completion[] {
  const before = text.slice(0, cursor);
  const open = /([a-z_]+)\s*:\s*\(?(?:[^()]*\bor\s+)?("(?:[^"\\]|\\.)*|[^\s()":]*)$/i.exec(before);
  const field = open?.[1]?.toLowerCase();
  if (open && field !== undefined && isField(field)) return values(field, open[2] ?? '', cursor, known);
  const word = /[^\s():<>"]*$/.exec(before)?.[0] ?? '';
  const start = cursor - word.length;
  if (afterCondition(before.slice(0, start))) {
    return pick(['and', 'or', 'and not'], word).map((joiner) => ({ start, end: cursor, text: `${joiner} `, kind: 'joiner' }));
  }
  return pick(FIELD_NAMES, word).map((name) => ({ start, end: cursor, text: `${name}${isNumber(name) ? '' : ':'}`, kind: 'field' }));
}

function values(field: Field, typed: string, cursor: number, known: Known): Completion[] {
  const plain = typed.replace(/^"/, '');
  const all: readonly string[] = field === 'joined' ? JOINED_WORDS : (known[field] ?? []);
  const texts = pick(all, plain).map((name) => quote(name));
  if (plain === '' || 'unknown'.startsWith(plain.toLowerCase())) texts.push('unknown');
  return texts.slice(0, MOST).map((text) => ({ start: cursor - typed.length, end: cursor, text: `${text} `, kind: 'value' }));
}

function isNumber(field: Field): boolean {
  return FIELDS[field] === 'duration' || FIELDS[field] === 'bytes';
}

/** Those that start with the word first, then those that hold it. */
function pick<T extends string>(all: readonly T[], word: string): T[] {
  const wanted = word.toLowerCase();
  const starts = all.filter((it) => it.toLowerCase().startsWith(wanted));
  const holds = all.filter((it) => !starts.includes(it) && it.toLowerCase().includes(wanted));
  return [...starts, ...holds].slice(0, MOST);
}

function afterCondition(before: string): boolean {
  return /([:<>=]\s*("(?:[^"\\]|\\.)*"|[^\s()"]+)|\))\s+$/.test(before);
}

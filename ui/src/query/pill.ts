import type { Field } from './fields';
import { parse, type Condition } from './parse';
import { quote, unquote } from './value';

/** One condition beside the query: it can be turned round, put aside and removed by one click. */
export interface Pill extends Condition {
  not: boolean;
  off: boolean;
}

/** The pill for a value that was clicked on; `null` is what nobody could name. */
export function pill(field: Field, value: string | number | null): Pill {
  const text = typeof value === 'number' ? String(value) : quote(value);
  return { field, operator: ':', value: text, not: false, off: false };
}

/** How the address writes it: `actor:unknown`, `!actor:unknown` turned round, `~…` put aside. */
export function writePill(it: Pill): string {
  return `${it.off ? '~' : ''}${it.not ? '!' : ''}${it.field}${it.operator}${it.value}`;
}

export function parsePill(text: string): Pill | undefined {
  const flags = /^~?!?/.exec(text)?.[0] ?? '';
  const { conditions, fault, tokens } = parse(text.slice(flags.length));
  const [condition] = conditions;
  // A list is several conditions here, a joiner or a parenthesis is more than one pill.
  const single = fault === undefined && conditions.length === 1 && tokens.length === 3;
  if (!single || condition === undefined) return undefined;
  return { ...condition, not: flags.includes('!'), off: flags.includes('~') };
}

/** What a person reads on it; `null` is the missing value. */
export function pillValue(it: Pill): string | null {
  return unquote(it.value);
}

/** Puts a pill beside the others; one that is there already is turned on rather than doubled. */
export function addPill(pills: readonly Pill[], added: Pill): Pill[] {
  const same = pills.findIndex((it) => it.field === added.field && it.operator === added.operator && it.value === added.value);
  return same < 0 ? [...pills, added] : pills.map((it, index) => (index === same ? added : it));
}

/** The query to ask for, and where the typed part starts in it. */
export interface Combined {
  where: string;
  typedAt: number;
}

/** The typed query and all pills that are on. */
export function combine(typed: string, pills: readonly Pill[]): Combined {
  const conditions = pills.filter((it) => !it.off).map((it) => `${it.not ? 'not ' : ''}${it.field}${it.operator}${it.value}`);
  const text = typed.trim();
  if (text === '') return { where: conditions.join(' and '), typedAt: 0 };
  const loose = conditions.length > 0 && parse(text).loose;
  return { where: [loose ? `(${text})` : text, ...conditions].join(' and '), typedAt: loose ? 1 : 0 };
}

import { isMasked, pieces } from '../parts/masks';
import { FIELDS, JOINED_WORDS, type Field } from './fields';

/** What is wrong with a value. */
export type ValueFault = 'status' | 'duration' | 'bytes' | 'joined' | 'wildcard_in_number' | 'network';

const DURATION = /^\d+(\.\d+)?(us|µs|ms|s|min|h)$/;
const BYTES = /^\d+(\.\d+)?(B|kB|MB|GB|KiB|MiB|GiB)$/;
const NETWORK = /^[0-9A-Fa-f.:]+\/\d{1,3}$/;

/** Checks a value as it stands in the query, quotes taken off. */
export function checkValue(field: Field, text: string, compared: boolean): ValueFault | undefined {
  if (!compared && (text === '*' || text.toLowerCase() === 'unknown')) return undefined;
  switch (FIELDS[field]) {
    case 'status':
      if (text.includes('*')) return 'wildcard_in_number';
      return /^\d{1,3}$/.test(text) ? undefined : 'status';
    case 'duration':
      return DURATION.test(text) ? undefined : 'duration';
    case 'bytes':
      return BYTES.test(text) ? undefined : 'bytes';
    case 'joined':
      return (JOINED_WORDS as readonly string[]).includes(text) ? undefined : 'joined';
    case 'address':
      return text.includes('/') && !NETWORK.test(text) ? 'network' : undefined;
    case 'text':
      return undefined;
  }
}

const BARE = /^[^\s()"\\*<>][^\s()"\\*]*$/;
const WORDS = ['and', 'or', 'not', 'unknown'];

/** A text as a value that finds this text, and any in the place of its masks; `null` is the missing value. */
export function quote(text: string | null): string {
  if (text === null) return 'unknown';
  if (BARE.test(text) && !isMasked(text) && !WORDS.includes(text.toLowerCase())) return text;
  return `"${pieces(text).map((it) => (it.mask === undefined ? it.text.replace(/["\\*]/g, '\\$&') : '*')).join('')}"`;
}

/** A value as a person reads it: quotes and escapes taken off; `null` for the missing value. */
export function unquote(value: string): string | null {
  if (value.toLowerCase() === 'unknown') return null;
  const inner = value.startsWith('"') && value.endsWith('"') && value.length > 1 ? value.slice(1, -1) : value;
  return inner.replace(/\\(["\\*])/g, '$1');
}

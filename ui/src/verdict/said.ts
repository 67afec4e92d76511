import type { Format } from '../format/format';
import type { Words } from '../lang/en';
import type { Verdict } from './types';

/** What the server says, in the reader's language already, as a sentence that stands alone. */
export function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
}

/** The date in words: may it be switched off, from when on, or does silence not suffice? */
export function whenSafe({ state, safe_on: on }: Verdict, t: Words, f: Format): string {
  if (state === 'safe' || state === 'retired') return t.verdict.safeNow;
  return on === null ? t.verdict.never : t.verdict.safeOn(f.day(on));
}

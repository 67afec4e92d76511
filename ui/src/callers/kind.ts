import type { Candidate } from '../api/types';
import type { Words } from '../lang/en';

/** What a candidate seems to be; a kind that only a newer server knows, in the server's word. */
export function kindWord(kind: Candidate['kind'], t: Words): string {
  return t.callers.kinds[kind] ?? kind;
}

/** Whether its calls look like business, not like what any site on a network gets. */
export function isNoise(kind: Candidate['kind']): boolean {
  return kind === 'crawler' || kind === 'scanner' || kind === 'probe';
}

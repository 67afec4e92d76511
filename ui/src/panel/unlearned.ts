import type { EndpointRow } from '../api/types';

/** So many endpoints, most of them hardly called: paths with values in them that nobody told apart from words. */
const MANY = 60;
const SELDOM = 3;

/** Whether endpoints look as if their parameters should be learned, and never were. */
export function looksUnlearned(rows: readonly EndpointRow[], learned: number): boolean {
  const seldom = rows.filter((it) => it.calls <= SELDOM).length;
  return learned === 0 && rows.length >= MANY && seldom * 2 > rows.length;
}

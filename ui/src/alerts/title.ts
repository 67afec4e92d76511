import type { Alert } from '../api/types';
import type { Words } from '../lang/en';

export type AlertKind = keyof Words['alerts']['kinds'];

/** Its kind; one that only a newer server knows passes for what asks for the least. */
export function kindOf({ kind }: Pick<Alert, 'kind'>): AlertKind {
  const known: readonly string[] = ['residual_call', 'unknown_caller', 'mark_only', 'no_id', 'silent_source'] satisfies AlertKind[];
  return known.includes(kind) ? (kind as AlertKind) : 'silent_source';
}

/** What the server says of it, in the reader's language already. */
export function titleOf({ text }: Alert): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

import type { Alert } from '../api/types';
import type { Words } from '../lang/en';

export type AlertKind = keyof Words['alerts']['kinds'];

/** Its kind; one that only a newer server knows passes for what asks for the least. */
export function kindOf({ kind }: Alert): AlertKind {
  const known: readonly string[] = ['residual_call', 'unknown_caller', 'mark_only', 'no_id', 'silent_source'] satisfies AlertKind[];
  return known.includes(kind) ? (kind as AlertKind) : 'silent_source';
}

/** In the reader's language where the alert has parts to say it with; the server's words otherwise. */
export function titleOf(alert: Alert, t: Words): string {
  const { operation, service, cause } = alert;
  const kind = kindOf(alert);
  if (kind !== alert.kind) return cause;
  if (kind === 'unknown_caller') return t.alerts.newCaller(cause, operation);
  if (kind === 'silent_source') return t.alerts.silent(cause.replace(/ since \S+$/, ''));
  if (service === null || (operation === null && kind !== 'no_id')) return cause;
  return t.alerts.titles[kind](operation ?? '', service);
}

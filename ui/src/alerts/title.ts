import type { Alert } from '../api/types';
import type { Words } from '../lang/en';

/** In the reader's language where the alert has parts to say it with; the server's words otherwise. */
export function titleOf({ kind, operation, service, title, cause }: Alert, t: Words): string {
  const said = title ?? cause;
  if (kind === 'unknown_caller' || kind === 'silent_source' || service === null) return said;
  if (operation === null && kind !== 'no_id') return said;
  return t.alerts.titles[kind](operation ?? '', service);
}

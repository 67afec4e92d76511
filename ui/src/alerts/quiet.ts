import type { Alert } from '../api/types';

/** Whether nobody needs to look at it now. */
export function isQuiet(alert: Alert, now: number): boolean {
  return alert.acknowledged !== null || isMuted(alert, now);
}

export function isMuted(alert: Alert, now: number): boolean {
  return alert.muted_until !== null && Date.parse(alert.muted_until) > now;
}

import type { OperationRow } from '../api/types';

export type State = 'residual' | 'retired' | 'in_use' | 'silent' | 'elsewhere';

/** What an operation's row says of it, at this instant. */
export function stateOf(row: Pick<OperationRow, 'calls' | 'residual' | 'retired'>, isMonolith: boolean, asOf: number): State {
  if (row.retired !== null && Date.parse(row.retired) < asOf) return row.residual > 0 ? 'residual' : 'retired';
  if (row.calls === 0) return 'silent';
  return isMonolith ? 'in_use' : 'elsewhere';
}

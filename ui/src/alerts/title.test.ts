import { describe, expect, it } from 'vitest';

import type { Alert } from '../api/types';
import { en } from '../lang/en';
import { kindOf, titleOf } from './title';

const alert = (of: Partial<Alert>): Alert => ({
  id: 1, kind: 'residual_call', cause: 'transfer on monolith since 2023-05-10', service: 'monolith', operation: 'transfer', opened: '2023-06-01T04:15:00Z',
  first: null, last: null, count: 1, acknowledged: null, muted_until: null, where: null, ...of,
});

describe('the title of an alert', () => {
  it.each([
    [{}, 'transfer is still called on monolith'],
    [{ kind: 'unknown_caller', cause: '10.1.9.63 (curl/8)' }, '10.1.9.63 (curl/8) calls transfer, and no rule names it'],
    [{ kind: 'unknown_caller', cause: '10.1.9.63 (-)', operation: null }, '10.1.9.63 (-) is new, and no rule names it'],
    [{ kind: 'silent_source', cause: 'proxy since 2023-06-01T04:15:00Z', operation: null, service: null }, 'proxy has gone silent'],
    [{ kind: 'no_id', operation: null }, 'Calls without a request id on monolith'],
    [{ kind: 'mark_only', service: null, cause: 'transfer on unknown' }, 'transfer on unknown'],
  ])('%o: %s', (of, title) => {
    expect(titleOf(alert(of), en)).toBe(title);
  });

  it('of a kind that only a newer server knows is in its words', () => {
    const newer = alert({ kind: 'queue_full', cause: 'the queue is full' });
    expect(titleOf(newer, en)).toBe('the queue is full');
    expect(kindOf(newer)).toBe('silent_source');
  });
});

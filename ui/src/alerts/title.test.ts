import { describe, expect, it } from 'vitest';

import type { Alert } from '../api/types';
import { kindOf, titleOf } from './title';

const alert = (of: Partial<Alert>): Alert => ({
  id: 1, kind: 'residual_call', cause: 'transfer on monolith since 2023-05-10', text: 'transfer is retired on monolith and still called', service: 'monolith', operation: 'transfer',
  opened: '2023-06-01T04:15:00Z', first: null, last: null, count: 1, acknowledged: null, muted_until: null, where: null, ...of,
});

describe('the title of an alert', () => {
  it('is what the server says, in the reader’s language', () => {
    expect(titleOf(alert({}))).toBe('Transfer is retired on monolith and still called');
    expect(titleOf(alert({ text: 'la source proxy se tait' }))).toBe('La source proxy se tait');
  });

  it('of a kind that only a newer server knows is in its words', () => {
    const newer = alert({ kind: 'queue_full', text: 'the queue is full' });
    expect(titleOf(newer)).toBe('The queue is full');
    expect(kindOf(newer)).toBe('silent_source');
  });
});

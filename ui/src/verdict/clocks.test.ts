import { describe, expect, it } from 'vitest';

import { format } from '../format/format';
import { byClocks } from './clocks';
import type { ClockChange } from './types';

/** Paris, in the spring of 2025. */
const PARIS: ClockChange[] = [{ from: '2025-01-01T00:00:00Z', ahead: 3600 }, { from: '2025-03-30T01:00:00Z', ahead: 7200 }];
const NEW_YORK: ClockChange[] = [{ from: '2025-01-01T00:00:00Z', ahead: -18_000 }];

describe('the clocks of callers', () => {
  it('have the day that the server says, not that of the reader', () => {
    const of = (zone: 'utc' | 'local', clocks: ClockChange[]) => byClocks(format('en', zone), clocks);
    expect(of('utc', PARIS).day('2025-03-14T23:00:00Z')).toBe('15 Mar 2025');
    expect(of('local', PARIS).day('2025-03-14T23:00:00Z')).toBe('15 Mar 2025');
    expect(of('utc', NEW_YORK).moment('2025-03-15T04:30:00Z')).toBe('14 Mar 2025, 23:30');
    expect(of('utc', []).day('2025-03-14T23:00:00Z')).toBe('14 Mar 2025');
  });

  it('change in spring, and what is before the first change is by the first', () => {
    const clock = byClocks(format('en', 'utc'), PARIS).clock;
    expect([clock('2025-03-30T00:59:00Z'), clock('2025-03-30T01:00:00Z'), clock('2024-12-31T23:00:00Z')]).toEqual(['01:59', '03:00', '00:00']);
  });
});

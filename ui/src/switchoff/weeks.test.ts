import { describe, expect, it } from 'vitest';

import type { Expected } from '../verdict/types';
import { weeks } from './weeks';

const call = (at: string): Expected => ({ at, operation: 'transfer', service: 'monolith', who: 'somebody', cadence: 'every day at 02:00', p_alive: 0.5 });

describe('the weeks to watch', () => {
  // A Thursday.
  const at = Date.parse('2023-06-01T10:00:00Z');

  it('begin on a Monday, and what is over is past', () => {
    const [first] = weeks(at, [], []);
    expect(first?.map((it) => new Date(it.start).toISOString().slice(0, 10))).toEqual(['2023-05-29', '2023-05-30', '2023-05-31', '2023-06-01', '2023-06-02', '2023-06-03', '2023-06-04']);
    expect(first?.map((it) => it.past)).toEqual([true, true, true, false, false, false, false]);
    expect(weeks(Date.parse('2023-05-29T00:00:00Z'), [], [])[0]?.[0]?.past).toBe(false);
  });

  it('have each call on its day, midnight on the day that begins', () => {
    const days = weeks(at, [call('2023-06-30T23:59:59Z'), call('2023-07-01T00:00:00Z')], []).flat();
    const due = days.filter((it) => it.due.length > 0).map((it) => new Date(it.start).toISOString().slice(0, 10));
    expect(due).toEqual(['2023-06-30', '2023-07-01']);
  });

  it('are those of the callers: half past midnight in Paris is still the day before in UTC', () => {
    const paris = [{ from: '2023-01-01T00:00:00Z', ahead: 3600 }, { from: '2023-03-26T01:00:00Z', ahead: 7200 }];
    const due = weeks(at, [call('2023-06-30T22:30:00Z')], paris).flat().filter((it) => it.due.length > 0);
    expect(due.map((it) => new Date(it.start).toISOString())).toEqual(['2023-07-01T00:00:00.000Z']);
    // It is Monday there already.
    expect(weeks(Date.parse('2023-05-28T22:30:00Z'), [], paris)[0]?.[0]).toMatchObject({ start: Date.parse('2023-05-29T00:00:00Z'), past: false });
  });
});

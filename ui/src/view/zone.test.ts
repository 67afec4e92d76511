import { expect, it } from 'vitest';

import { fromClock, toClock } from './zone';

it.each(['utc', 'local'] as const)('a %s clock shows the instant it was made of', (zone) => {
  for (const at of ['2026-01-15T00:00:00Z', '2026-07-15T23:59:59Z']) {
    const { day, clock } = toClock(Date.parse(at), zone);
    expect(fromClock(day, clock, zone)).toBe(Date.parse(at));
  }
});

it('UTC is UTC', () => {
  expect(toClock(Date.parse('2026-07-15T23:59:59Z'), 'utc')).toEqual({ day: '2026-07-15', clock: '23:59:59' });
  expect(fromClock('2026-07-15', '08:30', 'utc')).toBe(Date.parse('2026-07-15T08:30:00Z'));
});

it('half a date is none', () => {
  expect(fromClock('2026-07', '08:30', 'utc')).toBeNull();
  expect(fromClock('x-y-z', '08:30', 'utc')).toBeNull();
});

import { describe, expect, it } from 'vitest';

import { ALL, bounds, freeze, parseRange, step, widen, writeRange } from './time';

const NOW = Date.parse('2026-03-31T12:00:00Z');

describe('the range in the address', () => {
  it.each(['24h', '15m', '3M', '2026-10-01..2026-10-15', '2026-10-01T08:30Z..2026-10-01T09:00:30Z'])(
    '%s comes back as it was',
    (text) => {
      const range = parseRange(text);
      expect(range).toBeDefined();
      expect(range && writeRange(range)).toBe(text);
    },
  );

  it('writes nothing for everything', () => {
    expect(writeRange(ALL)).toBe('');
    expect(parseRange('all')).toEqual(ALL);
  });

  it.each(['', 'yesterday', '0h', '99999999y', '2026-13-01..2026-14-01', '2026-10-15..2026-10-01', 'a..b..c', '24h..', '1h2'])(
    'refuses %s and breaks nothing',
    (text) => {
      expect(parseRange(text)).toBeUndefined();
    },
  );

  it('reads offsets and writes UTC', () => {
    const range = parseRange('2026-10-01T02:00+02:00..2026-10-02');
    expect(range && writeRange(range)).toBe('2026-10-01..2026-10-02');
  });
});

describe('the bounds', () => {
  it('end now', () => {
    expect(bounds({ kind: 'last', amount: 2, unit: 'h' }, NOW)).toEqual({ from: NOW - 7_200_000, to: NOW });
  });

  it('stay within a shorter month', () => {
    const found = bounds({ kind: 'last', amount: 1, unit: 'M' }, NOW);
    expect(new Date(found?.from ?? 0).toISOString()).toBe('2026-02-28T12:00:00.000Z');
  });

  it('of everything are none', () => {
    expect(bounds(ALL, NOW)).toBeUndefined();
  });
});

describe('moving', () => {
  const day = { kind: 'last', amount: 1, unit: 'd' } as const;

  it('steps by its own length and keeps touching', () => {
    const back = step(day, NOW, -1);
    expect(back).toEqual({ kind: 'between', from: NOW - 2 * 86_400_000, to: NOW - 86_400_000 });
    expect(step(back, NOW, 1)).toEqual(freeze(day, NOW));
  });

  it('widens to twice the length around the middle', () => {
    expect(widen({ kind: 'between', from: 1000, to: 2000 }, NOW)).toEqual({ kind: 'between', from: 500, to: 2500 });
  });

  it('leaves everything where it is', () => {
    expect(step(ALL, NOW, 1)).toEqual(ALL);
    expect(freeze(ALL, NOW)).toEqual(ALL);
  });
});

import { expect, it } from 'vitest';

import { stateOf } from './state';

const NOW = Date.parse('2026-11-22T00:00:00Z');
const row = (calls: number, retired: string | null, residual = 0) => ({ calls, retired, residual });

it.each([
  [row(10, null), true, 'in_use'],
  [row(10, null), false, 'elsewhere'],
  [row(0, null), true, 'silent'],
  [row(10, '2026-10-01'), true, 'retired'],
  [row(10, '2026-10-01', 1), true, 'residual'],
  [row(10, '2026-12-01'), true, 'in_use'],
] as const)('%o on a monolith: %s is %s', (it, monolith, state) => {
  expect(stateOf(it, monolith, NOW)).toBe(state);
});

import { expect, it } from 'vitest';

import type { EndpointRow } from '../api/types';
import { looksUnlearned } from './unlearned';

const rows = (count: number, calls: number): EndpointRow[] => Array.from({ length: count }, (_, n) => ({ service: 'monolith', method: 'GET', endpoint: `/users/${n}`, calls, p95: null }));

it('says that parameters should be learned where many endpoints are hardly called, and only until they are', () => {
  expect(looksUnlearned(rows(100, 1), 0)).toBe(true);
  expect(looksUnlearned(rows(100, 1), 4)).toBe(false);
  expect(looksUnlearned(rows(100, 50), 0)).toBe(false);
  expect(looksUnlearned(rows(20, 1), 0)).toBe(false);
});

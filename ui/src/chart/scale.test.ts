import { describe, expect, it } from 'vitest';

import { barAt, every, stacked, steps } from './scale';

describe('the steps of an axis', () => {
  it('are round and cover the largest', () => {
    expect(steps(0, 3)).toEqual([0, 1]);
    expect(steps(1, 3)).toEqual([0, 1]);
    expect(steps(7, 3)).toEqual([0, 5, 10]);
    expect(steps(100, 3)).toEqual([0, 50, 100]);
    expect(steps(130, 3)).toEqual([0, 50, 100, 150]);
    expect(steps(12_345, 4)).toEqual([0, 5_000, 10_000, 15_000]);
  });

  it('are few, whatever the largest is', () => {
    for (let largest = 1; largest < 5_000; largest++) {
      const all = steps(largest, 3);
      expect(all.length).toBeLessThanOrEqual(5);
      expect(all.at(-1)).toBeGreaterThanOrEqual(largest);
    }
  });
});

describe('bars', () => {
  it('stand on one another', () => {
    expect(stacked([[1, 2], [3, 0]], 2)).toEqual([[1, 2], [4, 2]]);
    expect(stacked([[1]], 2)).toEqual([[1, 0]]);
  });

  it('are found by where they are', () => {
    expect([-5, 0, 24, 25, 99, 100, 400].map((x) => barAt(x, 100, 4))).toEqual([0, 0, 0, 1, 3, 3, 3]);
  });

  it('have as many labels as fit', () => {
    expect(every(40, 50)).toBe(1);
    expect(every(40, 7)).toBe(6);
    expect(every(40, 0)).toBe(1);
  });
});

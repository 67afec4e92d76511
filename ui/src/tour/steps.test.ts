import { describe, expect, it } from 'vitest';

import { parseRange } from '../view/time';
import { ENDED, moved, stepOf, STEPS, WHERE } from './steps';

describe('the tour', () => {
  it('begins at its first step, goes on where it was left, and stays away once it was ended', () => {
    expect(stepOf(null)).toBe('before');
    expect(stepOf('residual')).toBe('residual');
    expect(stepOf('of an older page')).toBe('before');
    expect(stepOf(ENDED)).toBeNull();
  });

  it('goes to both ends and not beyond', () => {
    expect(moved('before', -1)).toBe('before');
    expect(moved('before', 1)).toBe('moved');
    expect(moved('live', 1)).toBe('live');
  });

  it.each(STEPS)('leads to a stretch of time: %s', (step) => {
    expect(parseRange(WHERE[step].time)).toBeDefined();
  });
});

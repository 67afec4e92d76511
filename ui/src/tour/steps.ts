/** The steps of the tour: what one looks at in each. */

export const STEPS = ['before', 'moved', 'residual', 'end', 'live'] as const;
export type Step = (typeof STEPS)[number];

/** Where each begins: the path, and the stretch of the bank's years. */
export const WHERE: Record<Step, { path: string; time: string }> = {
  before: { path: '/', time: '2023-03-20..2023-05-01' },
  moved: { path: '/', time: '2023-05-10..2023-06-01' },
  residual: { path: '/', time: '2023-05-10..2023-07-01' },
  end: { path: '/', time: '2026-01-05..2026-04-01' },
  live: { path: '/alerts', time: 'all' },
};

/** What the browser kept of it: a step, that it was ended, or nothing yet. */
export function stepOf(kept: string | null): Step | null {
  if (kept === ENDED) return null;
  return STEPS.find((step) => step === kept) ?? STEPS[0];
}

export const ENDED = 'ended';

/** The step so many further on; the first and the last stay. */
export function moved(step: Step, by: 1 | -1): Step {
  const at = STEPS.indexOf(step) + by;
  return STEPS[Math.min(Math.max(at, 0), STEPS.length - 1)] ?? step;
}

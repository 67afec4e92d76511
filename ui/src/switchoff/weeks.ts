import { wall } from '../verdict/clocks';
import type { ClockChange, Expected } from '../verdict/types';

const DAY = 86_400_000;
const WEEKS = 5;

export interface Day {
  /** Its first instant as clocks show it, as if they were in UTC. */
  start: number;
  /** Calls that are due on it, by time. */
  due: Expected[];
  /** Whether it is over. */
  past: boolean;
}

/** Whole weeks from the Monday before `at` on, with what is due on each day by these clocks. */
export function weeks(at: number, expected: readonly Expected[], clocks: readonly ClockChange[]): Day[][] {
  const today = Math.floor(wall(at, clocks) / DAY) * DAY;
  const shown = expected.map((it) => ({ it, at: wall(it.at, clocks) }));
  // Day 0 of 1970 was a Thursday.
  const monday = today - ((today / DAY + 3) % 7) * DAY;
  return Array.from({ length: WEEKS }, (_, week) =>
    Array.from({ length: 7 }, (_unused, day) => {
      const start = monday + (week * 7 + day) * DAY;
      const due = shown.filter(({ at: time }) => time >= start && time < start + DAY).map(({ it }) => it);
      return { start, due, past: start < today };
    }),
  );
}

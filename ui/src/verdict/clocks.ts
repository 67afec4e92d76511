import { format, type Format } from '../format/format';
import type { ClockChange } from './types';

/** What clocks show, as if they were in UTC: the server says how far they are ahead, because it knows zones that browsers do not. */
export function wall(instant: string | number, clocks: readonly ClockChange[]): number {
  const at = new Date(instant).getTime();
  const change = clocks.findLast((it) => Date.parse(it.from) <= at) ?? clocks[0];
  return at + (change?.ahead ?? 0) * 1000;
}

/** Instants as callers' clocks show them, whatever the reader's are. */
export function byClocks(f: Format, clocks: readonly ClockChange[]): Format {
  const utc = format(f.lang, 'utc');
  const shown = (say: (instant: number) => string) => (instant: string | number) => say(wall(instant, clocks));
  return { ...f, time: shown(utc.time), exact: shown(utc.exact), moment: shown(utc.moment), day: shown(utc.day), clock: shown(utc.clock) };
}

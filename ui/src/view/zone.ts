import type { Zone } from '../format/format';

/** A day and a time of day as somebody reads them on a clock of this zone; `null` if there is no such time. */
export function fromClock(day: string, clock: string, zone: Zone): number | null {
  const [year, month, date] = day.split('-').map(Number);
  const [hour = 0, minute = 0, second = 0] = clock.split(':').map(Number);
  if (year === undefined || month === undefined || date === undefined) return null;
  const instant = zone === 'utc' ? Date.UTC(year, month - 1, date, hour, minute, second) : new Date(year, month - 1, date, hour, minute, second).getTime();
  return Number.isNaN(instant) ? null : instant;
}

/** The day and the time of day of an instant. */
export function toClock(instant: number, zone: Zone): { day: string; clock: string } {
  const shifted = zone === 'utc' ? instant : instant - new Date(instant).getTimezoneOffset() * 60_000;
  const text = new Date(shifted).toISOString();
  return { day: text.slice(0, 10), clock: text.slice(11, 19) };
}

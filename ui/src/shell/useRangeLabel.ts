import { useLang } from '../lang/Lang';
import type { Range } from '../view/time';

const DAY = 86_400_000;

/** How a range reads on a button: short, and exact enough to be recognised. */
export function useRangeLabel(): (range: Range) => string {
  const { t, f } = useLang();
  return (range) => {
    if (range.kind === 'all') return t.time.all;
    if (range.kind === 'last') return t.time.last[range.unit](range.amount);
    const whole = f.zone === 'utc' && range.from % DAY === 0 && range.to % DAY === 0;
    if (whole) return range.to - range.from === DAY ? f.day(range.from) : `${f.day(range.from)} – ${f.day(range.to - 1)}`;
    const from = `${f.day(range.from)}, ${f.clock(range.from)}`;
    const sameDay = f.day(range.from) === f.day(range.to);
    return `${from} – ${sameDay ? '' : `${f.day(range.to)}, `}${f.clock(range.to)}`;
  };
}

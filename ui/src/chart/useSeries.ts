import { useMemo } from 'react';

import type { Timeline, TimelineBy } from '../api/types';
import { useLang } from '../lang/Lang';
import { pill, type Pill } from '../query/pill';
import { useColours } from './useColours';

export interface Series {
  id: string;
  name: string | null;
  colour: string;
  calls: number[];
  /** What a click on its name filters by; the sum of the small ones has none. */
  filter?: Pill;
}

/** The key of what is left when a chart shows only the largest. */
const OTHER = '(other)';

/** A timeline's series with their names and colours; what is unknown is drawn on top. */
export function useSeries(timeline: Timeline | undefined, by: TimelineBy): Series[] {
  const { t } = useLang();
  const colours = useColours();
  return useMemo(() => {
    const named = (timeline?.series ?? []).map(({ key, calls }): Series => {
      if (key === OTHER) return { id: OTHER, name: t.panel.other, colour: colours.palette.dim, calls };
      const filter = filterOf(by, key);
      return { id: String(key), name: by === 'known' && key !== null ? t.panel.known : key, colour: colour(by, key), calls, ...(filter === undefined ? {} : { filter }) };
    });
    return named.sort((a, b) => Number(a.name === null) - Number(b.name === null));

    function colour(way: TimelineBy, key: string | null): string {
      if (way === 'known') return key === null ? colours.palette.unknown : colours.palette.accent;
      if (way === 'status') return status(key);
      return colours[way](key);
    }
    function status(key: string | null): string {
      const { palette } = colours;
      if (key === null) return palette.line;
      return { 2: palette.accent, 3: palette.names[1], 4: palette.unknown, 5: palette.danger }[Number(key[0])] ?? palette.dim;
    }
  }, [timeline, by, colours, t]);
}

function filterOf(by: TimelineBy, key: string | null): Pill | undefined {
  if (by === 'known') return { ...pill('actor', null), not: key !== null };
  if (by !== 'status') return pill(by, key);
  if (key === null) return pill('status', null);
  return /^\d{3}$/.test(key) ? pill('status', Number(key)) : undefined;
}

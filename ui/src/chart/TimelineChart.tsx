import { useCallback, useState, type PointerEvent } from 'react';

import type { Timeline } from '../api/types';
import { useLang } from '../lang/Lang';
import { Bars, EDGE } from './Bars';
import { barAt } from './scale';
import styles from './TimelineChart.module.css';
import type { Series } from './useSeries';

interface Props {
  title: string;
  timeline: Timeline;
  series: readonly Series[];
  height?: number;
  /** A range was dragged over, or one bucket clicked; milliseconds, [from, to). */
  onRange: (from: number, to: number) => void;
}

/** Stacked bars over time. */
export function TimelineChart({ title, timeline, series, height = 190, onRange }: Props) {
  const { t, f } = useLang();
  const [drag, setDrag] = useState<{ from: number; to: number; width: number } | null>(null);
  const { starts, every } = timeline;
  const label = useCallback((bar: number) => tick(starts[bar] ?? '', every, f), [starts, every, f]);

  const at = (event: PointerEvent<HTMLElement>) => event.clientX - event.currentTarget.getBoundingClientRect().left - EDGE.left;
  const finish = () => {
    setDrag(null);
    if (drag === null) return;
    const bar = (x: number) => starts[barAt(x, drag.width, starts.length)];
    const [from, last] = [bar(Math.min(drag.from, drag.to)), bar(Math.max(drag.from, drag.to))];
    if (from !== undefined && last !== undefined && (starts.length > 1 || every !== 'minute')) onRange(Date.parse(from), after(last, every));
  };
  const summary = t.chart.series(title, series.map((it) => `${it.name ?? t.unknown} ${f.count(sum(it.calls))}`).join(', '), f.time(starts[0] ?? 0), f.time(starts.at(-1) ?? 0));
  return (
    <div
      className={styles.drag}
      onPointerDown={(event) => {
        if (event.button !== 0 || at(event) < 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const width = event.currentTarget.clientWidth - EDGE.left - EDGE.right;
        setDrag({ from: at(event), to: at(event), width });
      }}
      onPointerMove={(event) => drag && setDrag({ ...drag, to: Math.max(0, Math.min(at(event), drag.width)) })}
      onPointerUp={finish}
      onPointerCancel={() => setDrag(null)}
    >
      <Bars label={summary} height={height} bars={starts.length} layers={series} tick={label} head={(bar) => moment(starts[bar] ?? '', every, f)}>
        {drag && Math.abs(drag.to - drag.from) > 2 && (
          <div className={styles.chosen} style={{ left: EDGE.left + Math.min(drag.from, drag.to), width: Math.abs(drag.to - drag.from) }} />
        )}
      </Bars>
    </div>
  );
}

type Said = Pick<ReturnType<typeof useLang>['f'], 'clock' | 'day' | 'month' | 'time' | 'lang' | 'zone'>;

function tick(start: string, every: Timeline['every'], f: Said): string {
  if (every === 'month') return f.month(start);
  if (every === 'day') return short(start, f);
  const midnight = f.clock(start) === '00:00';
  return midnight ? short(start, f) : f.clock(start);
}

function short(start: string, f: Said): string {
  return f.day(start).replace(/\s?\d{4}$/, '');
}

function moment(start: string, every: Timeline['every'], f: Said): string {
  if (every === 'month') return f.month(start);
  return every === 'day' ? f.day(start) : `${f.day(start)}, ${f.clock(start)}`;
}

/** The end of a bucket. */
function after(start: string, every: Timeline['every']): number {
  const date = new Date(start);
  if (every === 'month') return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  return date.getTime() + { minute: 60_000, hour: 3_600_000, day: 86_400_000 }[every];
}

function sum(all: readonly number[]): number {
  return all.reduce((a, b) => a + b, 0);
}

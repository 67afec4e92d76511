import type { ECharts } from 'echarts/core';
import { useMemo, useRef, useState, type PointerEvent } from 'react';

import type { Timeline } from '../api/types';
import { useLang } from '../lang/Lang';
import { Chart } from './Chart';
import { axis, base, tip } from './style';
import styles from './TimelineChart.module.css';
import { useColours } from './useColours';
import type { Series } from './useSeries';

interface Props {
  title: string;
  timeline: Timeline;
  series: readonly Series[];
  height?: number;
  /** A range was dragged over, or one bucket clicked; milliseconds, [from, to). */
  onRange: (from: number, to: number) => void;
}

const LEFT = 52;
const RIGHT = 8;

/** Stacked bars over time. */
export function TimelineChart({ title, timeline, series, height = 190, onRange }: Props) {
  const { t, f } = useLang();
  const { palette } = useColours();
  const chart = useRef<ECharts | null>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const { starts, every } = timeline;

  const option = useMemo(() => {
    const lines = axis(palette);
    return {
      ...base(palette),
      grid: { left: LEFT, right: RIGHT, top: 8, bottom: 24 },
      xAxis: { type: 'category', data: starts, ...lines, axisLabel: { ...lines.axisLabel, hideOverlap: true, formatter: (start: string) => tick(start, every, f) } },
      yAxis: { type: 'value', minInterval: 1, splitNumber: height < 120 ? 2 : 3, ...lines, axisLabel: { ...lines.axisLabel, formatter: (n: number) => f.compact(n) } },
      tooltip: {
        ...base(palette).tooltip,
        trigger: 'axis',
        axisPointer: { type: 'shadow', shadowStyle: { color: palette.text, opacity: 0.05 } },
        formatter: (shown: { dataIndex: number }[]) => {
          const at = shown[0]?.dataIndex ?? 0;
          const rows = series.map((it) => ({ colour: it.colour, name: it.name ?? t.unknown, value: f.count(it.calls[at] ?? 0) }));
          return tip(moment(starts[at] ?? '', every, f), rows);
        },
      },
      series: series.map((it) => ({
        type: 'bar', stack: 'all', name: it.name ?? t.unknown, data: it.calls, barCategoryGap: starts.length > 80 ? '12%' : '22%', barMaxWidth: 40,
        itemStyle: { color: it.colour }, emphasis: { disabled: true },
      })),
    };
  }, [palette, starts, every, series, height, f, t]);

  const bucket = (x: number) => {
    const found: unknown = chart.current?.convertFromPixel({ xAxisIndex: 0 }, x);
    return typeof found === 'number' ? Math.min(Math.max(found, 0), starts.length - 1) : undefined;
  };
  const at = (event: PointerEvent<HTMLElement>) => event.clientX - event.currentTarget.getBoundingClientRect().left;
  const finish = () => {
    const [a, b] = [bucket(Math.min(drag?.from ?? 0, drag?.to ?? 0)), bucket(Math.max(drag?.from ?? 0, drag?.to ?? 0))];
    setDrag(null);
    const from = starts[a ?? -1];
    const last = starts[b ?? -1];
    if (from !== undefined && last !== undefined && (starts.length > 1 || every !== 'minute')) onRange(Date.parse(from), after(last, every));
  };
  const summary = t.chart.series(title, series.map((it) => `${it.name ?? t.unknown} ${f.count(sum(it.calls))}`).join(', '), f.time(starts[0] ?? 0), f.time(starts.at(-1) ?? 0));
  return (
    <div
      className={styles.drag}
      onPointerDown={(event) => {
        if (event.button !== 0 || at(event) < LEFT) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: at(event), to: at(event) });
      }}
      onPointerMove={(event) => drag && setDrag({ ...drag, to: Math.max(LEFT, Math.min(at(event), event.currentTarget.clientWidth - RIGHT)) })}
      onPointerUp={() => drag && finish()}
      onPointerCancel={() => setDrag(null)}
    >
      <Chart option={option} label={summary} height={height} onReady={(made) => { chart.current = made; }}>
        {drag && Math.abs(drag.to - drag.from) > 2 && <div className={styles.chosen} style={{ left: Math.min(drag.from, drag.to), width: Math.abs(drag.to - drag.from) }} />}
      </Chart>
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

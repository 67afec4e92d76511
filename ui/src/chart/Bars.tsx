import { useElementSize } from '@mantine/hooks';
import { useMemo, useState, type PointerEvent, type ReactNode } from 'react';

import { useLang } from '../lang/Lang';
import styles from './Bars.module.css';
import { barAt, every, stacked, steps } from './scale';
import { Tip } from './Tip';

/** A colour and its part of each bar. */
export interface Layer {
  id: string;
  name: string | null;
  colour: string;
  calls: readonly number[];
}

interface Props {
  /** What somebody who does not see it is told; the table has the rest. */
  label: string;
  height: number;
  bars: number;
  layers: readonly Layer[];
  /** What stands under a bar. */
  tick: (bar: number) => string;
  /** What stands above the figures of a bar. */
  head: (bar: number) => string;
  onPick?: (bar: number) => void;
  children?: ReactNode;
}

/** Pixels around the bars: figures on the left, labels below. */
export const EDGE = { left: 52, right: 8, top: 8, bottom: 24 } as const;

const WIDEST = 46;
/** A letter of a label, roughly: labels are spread by it. */
const LETTER = 6.4;

/** Bars side by side, each of layers. One path a layer, however many bars there are. */
export function Bars({ label, height, bars, layers, tick, head, onPick, children }: Props) {
  const { t, f } = useLang();
  const { ref, width: whole } = useElementSize<HTMLDivElement>();
  const [at, setAt] = useState<{ bar: number; x: number } | null>(null);
  const width = Math.max(0, whole - EDGE.left - EDGE.right);
  const tall = height - EDGE.top - EDGE.bottom;
  const place = bars === 0 ? 0 : width / bars;

  const drawn = useMemo(() => {
    const ends = stacked(layers.map((it) => it.calls), bars);
    const axis = steps(Math.max(0, ...(ends.at(-1) ?? [])), height < 120 ? 2 : 3);
    const scale = tall / (axis.at(-1) ?? 1);
    const wide = Math.min(place * (bars > 80 ? 0.88 : 0.8), WIDEST);
    const paths = layers.map((it, layer) => it.calls.map((calls, bar) => {
      const end = ends[layer]?.[bar] ?? 0;
      if (calls <= 0) return '';
      // What is there is seen, however little it is.
      const high = Math.max(calls * scale, 0.75);
      return `M${round(bar * place + (place - wide) / 2)} ${round(tall - end * scale)}h${round(wide)}v${round(high)}h${round(-wide)}z`;
    }).join(''));
    return { axis, scale, paths };
  }, [layers, bars, height, tall, place]);

  const labels = useMemo(() => {
    const all = Array.from({ length: bars }, (_, bar) => tick(bar));
    const step = every(Math.max(0, ...all.map((it) => it.length)) * LETTER + 14, place);
    const fits = ({ text, x }: { text: string; x: number }) => x + (text.length * LETTER) / 2 <= width + EDGE.right;
    return all.map((text, bar) => ({ text, x: (bar + 0.5) * place })).filter((it, bar) => bar % step === 0 && fits(it));
  }, [bars, tick, place, width]);

  const inside = (event: PointerEvent<HTMLDivElement>) => event.clientX - event.currentTarget.getBoundingClientRect().left - EDGE.left;
  const point = (event: PointerEvent<HTMLDivElement>) => {
    const x = inside(event);
    setAt(bars === 0 || x < 0 || x > width ? null : { bar: barAt(x, width, bars), x });
  };
  return (
    <div
      ref={ref}
      className={styles.chart}
      style={{ height, cursor: onPick && at ? 'pointer' : undefined }}
      onPointerMove={point}
      onPointerLeave={() => setAt(null)}
      onClick={() => at && onPick?.(at.bar)}
    >
      {whole > 0 && (
        <svg data-chart width={whole} height={height} role="img" aria-label={label} className={styles.svg}>
          <g transform={`translate(${EDGE.left} ${EDGE.top})`}>
            {drawn.axis.map((value) => (
              <g key={value} transform={`translate(0 ${round(tall - value * drawn.scale)})`}>
                <line x2={width} className={value === 0 ? styles.ground : styles.line} />
                <text x={-8} dy="0.35em" textAnchor="end">{f.compact(value)}</text>
              </g>
            ))}
            {at && <rect x={at.bar * place} width={place} height={tall} className={styles.pointed} />}
            {layers.map((it, layer) => <path key={it.id} d={drawn.paths[layer]} fill={it.colour} />)}
            {labels.map((it) => <text key={it.x} x={it.x} y={tall + 17} textAnchor="middle">{it.text}</text>)}
          </g>
        </svg>
      )}
      {children}
      {at && (
        <Tip
          x={EDGE.left + at.x}
          width={whole}
          head={head(at.bar)}
          rows={layers.map((it) => ({ id: it.id, colour: it.colour, name: it.name ?? t.unknown, value: f.count(it.calls[at.bar] ?? 0) }))}
        />
      )}
    </div>
  );
}

function round(pixels: number): number {
  return Math.round(pixels * 100) / 100;
}

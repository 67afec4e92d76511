import type { ReactNode } from 'react';

import { useLang } from '../lang/Lang';
import styles from './Donut.module.css';

export interface Slice {
  name: string | null;
  calls: number;
  colour: string;
}

interface Props {
  title: string;
  slices: readonly Slice[];
  onPick: (name: string | null) => void;
}

/** A ring, and beside it the same as a list of buttons. */
export function Donut({ title, slices, onPick }: Props) {
  const { t, f } = useLang();
  const all = slices.reduce((sum, it) => sum + it.calls, 0);
  const label = t.chart.pie(title, slices.map((it) => `${it.name ?? t.unknown} ${f.share(it.calls, all)}`).join(', '));
  return (
    <div className={styles.donut}>
      <div className={styles.ring}>
        <Ring label={label}>
          {arcs(slices, all).map(({ slice, from, length }) => (
            <circle
              key={String(slice.name)} className={styles.slice} r={RADIUS} pathLength={1} stroke={slice.colour}
              strokeDasharray={`${Math.max(length - GAP, 0.002)} 1`} strokeDashoffset={-from} onClick={() => onPick(slice.name)}
            >
              <title>{`${slice.name ?? t.unknown}: ${f.count(slice.calls)} (${f.share(slice.calls, all)})`}</title>
            </circle>
          ))}
        </Ring>
        <div className={styles.middle} aria-hidden="true">
          <b className="num">{f.compact(all)}</b>
          <span>{t.columns.calls.toLowerCase()}</span>
        </div>
      </div>
      <ul className={styles.list}>
        {slices.map((it) => (
          <li key={String(it.name)}>
            <button type="button" className={`plain ${styles.row}`} title={t.filterBy(it.name ?? t.unknown)} onClick={() => onPick(it.name)}>
              <span className={styles.swatch} style={{ background: it.colour }} />
              <span className={`truncate ${it.name === null ? 'unknown' : ''}`}>{it.name ?? t.unknown}</span>
              <span className={`${styles.calls} num`}>{f.count(it.calls)}</span>
              <span className={`${styles.share} num`}>{f.share(it.calls, all)}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

const RADIUS = 39;
/** Between two slices, as a part of the whole turn. */
const GAP = 0.006;

/** The slices that have calls, each from where the one before ends; parts of a whole turn. */
function arcs(slices: readonly Slice[], all: number): { slice: Slice; from: number; length: number }[] {
  let from = 0;
  return slices.filter((it) => it.calls > 0).map((slice) => {
    const arc = { slice, from, length: slice.calls / all };
    from += arc.length;
    return arc;
  });
}

function Ring({ label, children }: { label: string; children: ReactNode }) {
  return (
    <svg viewBox="-50 -50 100 100" role="img" aria-label={label} className={styles.svg}>
      <g transform="rotate(-90)" fill="none" strokeWidth={17}>{children}</g>
    </svg>
  );
}

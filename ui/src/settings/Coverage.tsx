import type { SourceHealth } from '../api/types';
import { useLang } from '../lang/Lang';
import styles from './Coverage.module.css';

/** From when to when a source spoke, with its gaps: a line on the same scale for all. */
export function Coverage({ source, whole }: { source: SourceHealth; whole: { from: number; to: number } }) {
  const { t, f } = useLang();
  if (source.from === null || source.to === null) return <span className="dim">–</span>;
  const length = Math.max(1, whole.to - whole.from);
  const place = (from: number, to: number) => ({ left: `${((from - whole.from) / length) * 100}%`, width: `${Math.max(0.6, ((to - from) / length) * 100)}%` });
  const label = `${t.panel.intro(f.time(source.from), f.time(source.to))}, ${t.settings.gaps(source.gaps.length, f.count(source.gaps.length))}`;
  return (
    <span className={styles.coverage} role="img" aria-label={label} title={label}>
      <span className={styles.there} style={place(Date.parse(source.from), Date.parse(source.to))} />
      {source.gaps.map((it) => (
        <span key={it.from} className={styles.gap} style={place(Date.parse(it.from), Date.parse(it.to))} />
      ))}
    </span>
  );
}

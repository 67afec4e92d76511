import styles from './Tip.module.css';

interface Props {
  /** Where the pointer is, and how wide the chart is. */
  x: number;
  width: number;
  head: string;
  rows: readonly { id: string; colour: string; name: string; value: string }[];
}

/** The figures of what one points at; on the side where there is more room. */
export function Tip({ x, width, head, rows }: Props) {
  const side = x > width / 2 ? { right: width - x + 14 } : { left: x + 14 };
  return (
    <div className={styles.tip} style={side} aria-hidden="true">
      <div className={styles.head}>{head}</div>
      {rows.map((it) => (
        <div key={it.id} className={styles.row}>
          <span className={styles.swatch} style={{ background: it.colour }} />
          <span className="truncate">{it.name}</span>
          <b className="num">{it.value}</b>
        </div>
      ))}
    </div>
  );
}

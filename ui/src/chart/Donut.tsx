import { useMemo } from 'react';

import { useLang } from '../lang/Lang';
import { Chart } from './Chart';
import styles from './Donut.module.css';
import { base, tip } from './style';
import { useColours } from './useColours';

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
  const { palette } = useColours();
  const all = slices.reduce((sum, it) => sum + it.calls, 0);
  const option = useMemo(
    () => ({
      ...base(palette),
      tooltip: {
        ...base(palette).tooltip,
        formatter: ({ dataIndex }: { dataIndex: number }) => {
          const it = slices[dataIndex];
          return it === undefined ? '' : tip(it.name ?? t.unknown, [{ colour: it.colour, name: f.share(it.calls, all), value: f.count(it.calls) }]);
        },
      },
      series: [
        {
          type: 'pie', radius: ['62%', '96%'], center: ['50%', '50%'], cursor: 'pointer', label: { show: false }, labelLine: { show: false },
          itemStyle: { borderColor: palette.surface, borderWidth: 2 }, emphasis: { scale: false },
          data: slices.map((it) => ({ name: it.name ?? t.unknown, value: it.calls, itemStyle: { color: it.colour } })),
        },
      ],
    }),
    [palette, slices, all, f, t],
  );
  const label = t.chart.pie(title, slices.map((it) => `${it.name ?? t.unknown} ${f.share(it.calls, all)}`).join(', '));
  return (
    <div className={styles.donut}>
      <div className={styles.ring}>
        <Chart option={option} label={label} height={148} onClick={({ dataIndex }) => onPick(slices[dataIndex]?.name ?? null)}>
          <div className={styles.middle} aria-hidden="true">
            <b className="num">{f.compact(all)}</b>
            <span>{t.columns.calls.toLowerCase()}</span>
          </div>
        </Chart>
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

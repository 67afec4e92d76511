import { Skeleton, Tooltip } from '@mantine/core';
import { Link } from 'react-router';

import { useLang } from '../lang/Lang';
import { pill, type Pill } from '../query/pill';
import { useView } from '../view/useView';
import styles from './Figures.module.css';
import type { PanelQuery } from './types';

interface Figure {
  id: string;
  label: string;
  value: string;
  side?: string;
  hint?: string;
  to: string;
  tone?: 'unknown' | 'danger';
}

/** The six numbers that one looks at first; each leads to its calls. */
export function Figures({ panel }: { panel: PanelQuery }) {
  const { t, f } = useLang();
  const { link } = useView();
  const { data } = panel;
  if (data === undefined) return <Skeleton height={78} radius="md" />;
  const to = (...add: Pill[]) => link('/calls', { add });
  const figures: Figure[] = [
    { id: 'calls', label: t.panel.figures.calls, value: f.count(data.calls), to: to() },
    { id: 'joined', label: t.panel.figures.joined, value: f.share(data.joined, data.calls), side: f.compact(data.joined), hint: t.panel.figures.joinedHint, to: to(pill('joined', 'joined')) },
    { id: 'unknown', label: t.panel.figures.unknown, value: f.share(data.unknown_calls, data.calls), side: f.compact(data.unknown_calls), to: link('/callers'), ...(data.unknown_calls > 0 ? { tone: 'unknown' as const } : {}) },
    { id: 'residual', label: t.panel.figures.residual, value: f.count(data.residual_calls), hint: t.panel.figures.residualHint, to: link('/alerts'), ...(data.residual_calls > 0 ? { tone: 'danger' as const } : {}) },
    { id: 'mark_only', label: t.panel.figures.markOnly, value: f.count(data.mark_only), hint: t.panel.figures.markOnlyHint, to: link('/alerts') },
    { id: 'no_id', label: t.panel.figures.noId, value: f.count(data.no_id), hint: t.panel.figures.noIdHint, to: to(pill('joined', 'no_id')) },
  ];
  return (
    <ul className={styles.figures}>
      {figures.map((it) => (
        <li key={it.id}>
          <Tooltip label={it.hint} disabled={it.hint === undefined} multiline maw={280} openDelay={300}>
            <Link to={it.to} className={styles.figure} data-figure={it.id}>
              <span className={styles.label}>{it.label}</span>
              <span className={`${styles.value} num ${it.tone === undefined ? '' : styles[it.tone]}`}>
                {it.value}
                {it.side !== undefined && <span className={styles.side}>{it.side}</span>}
              </span>
            </Link>
          </Tooltip>
        </li>
      ))}
    </ul>
  );
}

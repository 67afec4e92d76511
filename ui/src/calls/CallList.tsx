import { Skeleton } from '@mantine/core';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState, type CSSProperties } from 'react';

import type { Call } from '../api/types';
import { useLang } from '../lang/Lang';
import { Cell } from './Cell';
import { COLUMNS, tracks, type ColumnId } from './columns';
import styles from './CallList.module.css';

interface Props {
  calls: readonly Call[];
  columns: readonly ColumnId[];
  chosen: string | null;
  waiting: boolean;
  more: boolean;
  onMore: () => void;
  onOpen: (key: string) => void;
}

const ROW = 30;
const NARROW = '(max-width: 700px)';

/** As long as the history, and yet only the rows in sight are drawn; the next page comes before the end is reached. */
export function CallList({ calls, columns, chosen, waiting, more, onMore, onOpen }: Props) {
  const { t } = useLang();
  const place = useRef<HTMLDivElement>(null);
  const heads = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const narrow = useNarrow();
  const rows = useWindowVirtualizer({ count: calls.length, estimateSize: () => (narrow ? 74 : ROW), overscan: 12, scrollMargin: top, scrollPaddingStart: covered(heads.current) });
  const shown = rows.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;

  // What stands above may come and go.
  useEffect(() => setTop(Math.round((place.current?.getBoundingClientRect().top ?? 0) + window.scrollY)));
  useEffect(() => rows.measure(), [narrow, rows]);
  useEffect(() => {
    if (more && last > calls.length - 40) onMore();
  });
  useEffect(() => {
    const at = calls.findIndex((it) => it.key === chosen);
    if (at >= 0) rows.scrollToIndex(at, { align: 'auto' });
    // Only a new choice scrolls: not every page that arrives.
  }, [chosen]);

  if (waiting) return <Skeleton height={480} radius="md" aria-label={t.loading} />;
  const { grid, least } = tracks(columns);
  return (
    <div className={styles.list} role="table" aria-label={t.calls_.resize} aria-rowcount={more ? -1 : calls.length + 1} style={{ '--tracks': grid, '--least': `${least}px` } as CSSProperties}>
      <div ref={heads} role="rowgroup" className={styles.heads}>
        <div role="row" className={styles.head}>
          {columns.map((id) => (
            <span key={id} role="columnheader" className={COLUMNS[id].numeric ? styles.numeric : ''}>{t.columns[id]}</span>
          ))}
        </div>
      </div>
      <div className={styles.scroll} onScroll={(event) => heads.current?.scrollTo({ left: event.currentTarget.scrollLeft })}>
        <div ref={place} role="rowgroup" className={styles.rows} style={{ height: rows.getTotalSize() }}>
          {shown.map(({ index, start }) => {
            const call = calls[index];
            if (call === undefined) return null;
            return (
              <div
                key={call.key}
                role="row"
                aria-rowindex={index + 2}
                aria-selected={call.key === chosen}
                tabIndex={0}
                className={`${styles.row} ${call.key === chosen ? styles.chosen : ''} ${call.actor === null ? styles.unknown : ''}`}
                style={{ transform: `translateY(${start - rows.options.scrollMargin}px)` }}
                onClick={() => onOpen(call.key)}
                onKeyDown={(event) => event.key === 'Enter' && onOpen(call.key)}
              >
                {columns.map((id) => (
                  <span key={id} role="cell" data-column={id} className={`${styles.cell} ${COLUMNS[id].numeric ? styles.numeric : ''} ${COLUMNS[id].mono ? 'mono' : ''}`}>
                    <Cell call={call} id={id} />
                  </span>
                ))}
              </div>
            );
          })}
        </div>
      </div>
      {!more && <p className={styles.end}>{t.calls_.allLoaded}</p>}
    </div>
  );
}

/** Pixels at the window's upper edge that rows scroll under. */
function covered(heads: HTMLElement | null): number {
  return heads === null ? 0 : (Number.parseFloat(getComputedStyle(heads).top) || 0) + heads.offsetHeight;
}

function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => window.matchMedia(NARROW).matches);
  useEffect(() => {
    const media = window.matchMedia(NARROW);
    const changed = () => setNarrow(media.matches);
    media.addEventListener('change', changed);
    return () => media.removeEventListener('change', changed);
  }, []);
  return narrow;
}

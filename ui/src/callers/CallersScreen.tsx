import { useMemo, useState } from 'react';

import { useCallers } from '../api/queries';
import type { Caller } from '../api/types';
import { useLang } from '../lang/Lang';
import { Failure } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { ScreenHead } from '../parts/ScreenHead';
import { useKeys } from '../shell/keys';
import { useView } from '../view/useView';
import { CallerRow } from './CallerRow';
import { NameCaller } from './NameCaller';
import styles from './CallersScreen.module.css';

/** The inbox of callers that nobody has named. */
export function CallersScreen() {
  const { t, f } = useLang();
  const { search, own } = useView();
  const callers = useCallers({ actor: 'unknown' });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => callers.data?.callers ?? [], [callers.data]);
  const asked = search.get('caller');
  const at = Math.max(0, rows.findIndex((it) => idOf(it) === asked));
  const current = rows[at];
  const chosen = rows.filter((it) => selected.has(idOf(it)));

  const move = (by: 1 | -1) => {
    const next = rows[at + by];
    if (next === undefined) return;
    own('caller', idOf(next));
    document.getElementById(idOf(next))?.scrollIntoView({ block: 'nearest' });
  };
  const toggle = (id: string) => setSelected((old) => (old.has(id) ? new Set([...old].filter((it) => it !== id)) : new Set([...old, id])));
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    x: () => current && toggle(idOf(current)),
    n: () => document.getElementById('actor-name')?.focus(),
    Escape: () => setSelected(new Set()),
  });

  if (callers.error !== null && callers.data === undefined) return <Failure error={callers.error} onRetry={() => void callers.refetch()} />;
  const total = rows.reduce((sum, it) => sum + it.calls, 0);
  const hint = callers.data === undefined ? '' : `${t.callers.count(rows.length, f.count(rows.length))} · ${t.calls(total, f.count(total))}`;
  return (
    <>
      <ScreenHead title={t.callers.title} hint={hint} />
      {callers.data !== undefined && rows.length === 0 ? (
        <Empty icon="check" title={t.callers.empty}><p>{t.callers.emptyHint}</p></Empty>
      ) : (
        <div className={styles.inbox}>
          <div className={styles.side}>
            <p className={styles.intro}>{t.callers.intro}</p>
            <ul className={styles.list} aria-label={t.callers.title}>
              {rows.map((it) => (
                <CallerRow
                  key={idOf(it)}
                  id={idOf(it)}
                  caller={it}
                  current={it === current}
                  selected={selected.has(idOf(it))}
                  most={rows[0]?.calls ?? 1}
                  onOpen={() => own('caller', idOf(it))}
                  onSelect={() => toggle(idOf(it))}
                />
              ))}
            </ul>
            <p className={styles.keys}><kbd>j</kbd> <kbd>k</kbd> <kbd>x</kbd> <kbd>n</kbd> {t.callers.keys}</p>
          </div>
          {current && (
            <NameCaller
              key={`${idOf(current)} ${chosen.length}`}
              callers={chosen.length > 0 ? chosen : [current]}
              all={rows}
              onNamed={() => setSelected(new Set())}
            />
          )}
        </div>
      )}
    </>
  );
}

function idOf(caller: Caller): string {
  return `${caller.address ?? ''}~${caller.user_agent ?? ''}`;
}

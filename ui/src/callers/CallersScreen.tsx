import { Button, Skeleton } from '@mantine/core';
import { useMemo, useState } from 'react';

import { useCallers, useCandidates } from '../api/queries';
import type { Candidate } from '../api/types';
import { useLang } from '../lang/Lang';
import { Failure } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { Lacking } from '../parts/Lacking';
import { PersonalData } from '../parts/PersonalData';
import { ScreenHead } from '../parts/ScreenHead';
import { useKeys } from '../shell/keys';
import { useView } from '../view/useView';
import { CandidateRow } from './CandidateRow';
import { useIgnored } from './ignored';
import { NameCaller } from './NameCaller';
import { callersOf } from './rule';
import styles from './CallersScreen.module.css';

/** The inbox of callers that nobody has named, put together to candidates. */
export function CallersScreen() {
  const { t, f } = useLang();
  const { search, own } = useView();
  const candidates = useCandidates();
  const callers = useCallers({ actor: 'unknown' }).data?.callers ?? [];
  const { ignored, ignore } = useIgnored();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [showIgnored, setShowIgnored] = useState(false);
  const all = useMemo(() => candidates.data?.candidates ?? [], [candidates.data]);
  const rows = all.filter((it) => showIgnored === it.id in ignored);
  const hidden = all.filter((it) => it.id in ignored).length;
  const asked = search.get('caller');
  const at = Math.max(0, rows.findIndex((it) => it.id === asked));
  const current = rows[at];
  const chosen = rows.filter((it) => selected.has(it.id));

  const move = (by: 1 | -1) => {
    const next = rows[at + by];
    if (next === undefined) return;
    own('caller', next.id);
    document.getElementById(next.id)?.scrollIntoView({ block: 'nearest' });
  };
  const toggle = (id: string) => setSelected((old) => (old.has(id) ? new Set([...old].filter((it) => it !== id)) : new Set([...old, id])));
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    x: () => current && toggle(current.id),
    n: () => document.getElementById('actor-name')?.focus(),
    Escape: () => setSelected(new Set()),
  });

  if (candidates.error !== null && candidates.data === undefined) return <Failure error={candidates.error} onRetry={() => void candidates.refetch()} />;
  const total = candidates.data?.calls ?? 0;
  const hint = candidates.data === undefined ? '' : `${t.callers.count(all.length, f.count(all.length))} · ${t.calls(total, f.count(total))}`;
  const shown: readonly Candidate[] = chosen.length > 0 ? chosen : current === undefined ? [] : [current];
  return (
    <>
      <ScreenHead title={t.callers.title} hint={hint}>
        <PersonalData />
        {hidden > 0 && <Button size="compact-sm" variant="default" aria-pressed={showIgnored} onClick={() => setShowIgnored(!showIgnored)}>{showIgnored ? t.callers.showOthers : t.callers.showIgnored(f.count(hidden))}</Button>}
      </ScreenHead>
      <Lacking sentences={candidates.data?.lacking} />
      {candidates.data === undefined ? (
        <Skeleton height={320} radius="md" aria-label={t.loading} />
      ) : rows.length === 0 ? (
        <Empty icon="check" title={t.callers.empty}><p>{hidden > 0 ? t.callers.emptyIgnored(f.count(hidden)) : t.callers.emptyHint}</p></Empty>
      ) : (
        <div className={styles.inbox}>
          <div className={styles.side}>
            <p className={styles.intro}>{t.callers.intro}</p>
            <ul className={styles.list} aria-label={t.callers.title}>
              {rows.map((it) => (
                <CandidateRow
                  key={it.id}
                  id={it.id}
                  candidate={it}
                  current={it === current}
                  selected={selected.has(it.id)}
                  most={Math.max(...rows.map((row) => row.calls), 1)}
                  onOpen={() => own('caller', it.id)}
                  onSelect={() => toggle(it.id)}
                />
              ))}
            </ul>
            <p className={styles.keys}><kbd>j</kbd> <kbd>k</kbd> <kbd>x</kbd> <kbd>n</kbd> {t.callers.keys}</p>
          </div>
          {shown.length > 0 && (
            <NameCaller
              key={shown.map((it) => it.id).join(' ')}
              candidates={shown}
              callers={shown.flatMap((it) => callersOf(it, callers))}
              all={callers}
              ignored={shown.length === 1 && shown[0] !== undefined && shown[0].id in ignored}
              onNamed={() => setSelected(new Set())}
              onIgnore={(until) => shown.forEach((it) => ignore(it.id, until))}
            />
          )}
        </div>
      )}
    </>
  );
}

import { useMemo, useState } from 'react';
import { Button } from '@mantine/core';

import { useLang } from '../lang/Lang';
import { DataTable, type Column } from '../parts/DataTable';
import { useScope } from '../view/Scope';
import styles from './CallerTable.module.css';
import type { CallerVerdict } from './types';

const SHOWN = 8;

/** Who calls, in which rhythm, and how likely each is still there. */
export function CallerTable({ callers }: { callers: readonly CallerVerdict[] }) {
  const { t, f } = useLang();
  const { asOf } = useScope();
  const [all, setAll] = useState(false);
  const columns = useMemo<Column<CallerVerdict>[]>(() => {
    const words = t.verdict.columns;
    return [
      { id: 'caller', header: words.caller, value: (it) => it.actor ?? it.user_agent ?? it.address, cell: (it) => <Who caller={it} /> },
      { id: 'rhythm', header: words.rhythm, value: (it) => it.cadence, cell: (it) => <>{it.cadence}{it.certainty === 'suspected' && <span className="dim"> ({t.verdict.certainty.suspected})</span>}</> },
      { id: 'kept', header: words.kept, value: (it) => it.hits / Math.max(1, it.hits + it.misses), cell: (it) => (it.certainty === 'none' ? <span className="dim">–</span> : t.verdict.keptOf(f.count(it.hits), f.count(it.hits + it.misses))), numeric: true },
      { id: 'last', header: words.last, value: (it) => it.last_call, cell: (it) => (it.last_call === null ? '–' : <span className="nowrap" title={f.time(it.last_call)}>{f.ago(it.last_call, asOf)}</span>) },
      { id: 'next', header: words.next, value: (it) => it.next_expected, cell: (it) => (it.next_expected === null ? <span className="dim">–</span> : <span className="nowrap">{f.moment(it.next_expected)}</span>) },
      { id: 'alive', header: words.alive, value: (it) => it.p_alive, cell: (it) => <Alive part={it.p_alive} />, numeric: true },
    ];
  }, [t, f, asOf]);
  const shown = all ? callers : callers.slice(0, SHOWN);
  return (
    <>
      <DataTable label={t.verdict.callersTitle} columns={columns} rows={shown} />
      {shown.length < callers.length && (
        <Button size="compact-xs" variant="subtle" onClick={() => setAll(true)}>{t.verdict.callersMore(f.count(callers.length - shown.length))}</Button>
      )}
    </>
  );
}

function Who({ caller }: { caller: CallerVerdict }) {
  const { t, f } = useLang();
  const { actor, address, user_agent: agent, addresses, is_hidden: hidden } = caller;
  const from = addresses > 1 ? t.verdict.addresses(f.count(addresses)) : address;
  return (
    <span className={styles.who}>
      <span>{hidden ? t.verdict.hidden : actor ?? <span className="unknown">{t.unknown}</span>}</span>
      <span className={styles.raw}>{[agent, from].filter((it) => it !== null).join(' · ')}</span>
    </span>
  );
}

/** A chance as a number and a bar. */
function Alive({ part }: { part: number }) {
  const { f } = useLang();
  return (
    <span className={styles.alive}>
      <span className={styles.track}><span style={{ width: `${part * 100}%` }} /></span>
      <span className={styles.share}>{f.share(part, 1)}</span>
    </span>
  );
}

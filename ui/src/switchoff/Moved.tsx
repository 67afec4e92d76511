import { Select } from '@mantine/core';
import { useMemo } from 'react';

import { api } from '../api/client';
import { useAnswer, useMeta } from '../api/queries';
import type { MovedActor, MovedSide } from '../api/types';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { DataTable, type Column } from '../parts/DataTable';
import { Named } from '../parts/Named';
import { useView } from '../view/useView';
import styles from './Moved.module.css';

/** Before and after of what has moved: the old service beside the new, actor by actor. */
export function Moved() {
  const { t } = useLang();
  const { search, own } = useView();
  const moves = (useMeta().data?.operations ?? []).filter((it) => it.moved_to !== null);
  const asked = search.get('moved');
  const chosen = moves.find((it) => it.operation === asked) ?? moves[0];
  if (chosen === undefined) return null;
  const names = [...new Set(moves.map((it) => it.operation))];
  const choice = <Select size="xs" w={220} aria-label={t.verdict.moved.choose} data={names} value={chosen.operation} allowDeselect={false} onChange={(value) => own('moved', value)} />;
  return <Comparison operation={chosen.operation} service={chosen.service} choice={choice} />;
}

function Comparison({ operation, service, choice }: { operation: string; service: string | null; choice: React.ReactNode }) {
  const { t, f } = useLang();
  const query = service === null ? {} : { service };
  const moved = useAnswer('/moved', { operation, ...query }, (signal) => api.GET('/api/v1/moved/{operation}', { params: { path: { operation }, query }, signal }));
  const { data } = moved;
  const columns = useMemo<Column<MovedActor>[]>(() => {
    const words = t.verdict.moved;
    const both = (id: string, header: string, of: (side: MovedSide) => number | null, say: (side: MovedSide) => string): Column<MovedActor> => ({
      id, header, numeric: true, value: (it) => of(it.after),
      cell: (it) => <span className={styles.both}><span className="dim">{say(it.before)}</span> → <span>{say(it.after)}</span></span>,
    });
    return [
      { id: 'actor', header: t.columns.actor, value: (it) => it.actor, cell: (it) => <Named name={it.actor} /> },
      both('calls', words.perDay, (it) => it.calls_per_day, (it) => f.amount(it.calls_per_day)),
      both('failures', words.failures, failures, (it) => f.share(failures(it), it.calls)),
      both('p95', words.p95, (it) => it.p95, (it) => f.duration(it.p95)),
      { id: 'left', header: words.left, value: (it) => it.left_behind.calls, cell: (it) => <span className={it.left_behind.calls > 0 ? 'unknown' : 'dim'}>{f.count(it.left_behind.calls)}</span>, numeric: true },
      {
        id: 'vanished', header: words.vanished, value: (it) => it.vanished.length,
        cell: (it) => (it.vanished.length === 0 ? <span className="dim">{words.nothing}</span> : (
          <ul className={styles.shapes}>{it.vanished.map((shape) => <li key={`${shape.method} ${shape.endpoint} ${shape.parameters.join()}`}><code>{shape.method} {shape.endpoint}{shape.parameters.length > 0 && `?${shape.parameters.join('&')}`}</code> <span className="dim num">{f.count(shape.calls)}</span></li>)}</ul>
        )),
      },
    ];
  }, [t, f]);
  const hint = data === undefined ? '' : t.verdict.moved.intro(data.from_service, data.to_service, f.day(data.moved), f.amount(data.days));
  return (
    <Card title={t.verdict.moved.title} hint={hint} controls={choice} query={moved} height={160}>
      <DataTable label={t.verdict.moved.title} columns={columns} rows={data?.actors ?? []} />
    </Card>
  );
}

/** Answers that say that something went wrong on the server's side. */
function failures(side: MovedSide): number {
  return side.statuses['5xx'] ?? 0;
}

import { useMemo } from 'react';
import { useNavigate } from 'react-router';

import { useCallers } from '../api/queries';
import type { Caller } from '../api/types';
import { cadence } from '../callers/rule';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { DataTable, type Column } from '../parts/DataTable';
import { Named } from '../parts/Named';
import { pill } from '../query/pill';
import { useScope } from '../view/Scope';
import { useView } from '../view/useView';

/** Who calls an operation, with what and how often. */
export function CallersCard({ operation, service }: { operation: string; service: string | null }) {
  const { t, f } = useLang();
  const { link } = useView();
  const { now, params } = useScope();
  const navigate = useNavigate();
  const callers = useCallers({ operation });
  const rows = (callers.data?.callers ?? []).filter((it) => service === null || it.services.includes(service));
  const columns = useMemo<Column<Caller>[]>(
    () => [
      { id: 'actor', header: t.columns.actor, value: (row) => row.actor, cell: (row) => <Named name={row.actor} /> },
      { id: 'address', header: t.columns.address, value: (row) => row.address, cell: (row) => <span className="mono">{row.address ?? '–'}</span> },
      { id: 'user_agent', header: t.columns.user_agent, value: (row) => row.user_agent, cell: (row) => row.user_agent ?? <span className="dim">–</span> },
      { id: 'calls', header: t.columns.calls, value: (row) => row.calls, cell: (row) => f.count(row.calls), numeric: true },
      {
        id: 'cadence', header: t.columns.cadence, value: (row) => cadence(row) ?? null,
        cell: (row) => {
          const gap = cadence(row);
          return <span className="dim">{gap === undefined ? (row.calls === 1 ? t.callers.once : t.callers.burst) : t.callers.cadence(f.span(gap))}</span>;
        },
      },
      { id: 'last', header: t.columns.last, value: (row) => row.last, cell: (row) => <span title={f.time(row.last)}>{f.ago(row.last, now)}</span>, numeric: true },
    ],
    [t, f, now],
  );
  const { where: _, ...time } = params;
  const open = (it: Caller) => void navigate(link('/calls', { add: [pill('operation', operation), pill('address', it.address), pill('user_agent', it.user_agent)] }));
  return (
    <Card title={t.operations.callers} query={callers} exported={{ path: '/callers', params: { ...time, operation } }}>
      <DataTable label={t.operations.callers} columns={columns} rows={rows} height={320} onRow={open} />
    </Card>
  );
}

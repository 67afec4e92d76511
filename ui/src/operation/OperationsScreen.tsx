import { useMemo } from 'react';
import { Link, useNavigate } from 'react-router';

import { useMeta, usePanel, useParams } from '../api/queries';
import type { OperationRow } from '../api/types';
import { useColours } from '../chart/useColours';
import { useLang } from '../lang/Lang';
import { Bar } from '../parts/Bar';
import { Card } from '../parts/Card';
import { DataTable, type Column } from '../parts/DataTable';
import { Empty } from '../parts/Empty';
import { Named } from '../parts/Named';
import { ScreenHead } from '../parts/ScreenHead';
import { useScope } from '../view/Scope';
import { useView } from '../view/useView';
import { stateOf } from './state';
import { StateBadge } from './StateBadge';

/** Every operation on every service, with its state. */
export function OperationsScreen() {
  const { t, f } = useLang();
  const { link } = useView();
  const { asOf } = useScope();
  const navigate = useNavigate();
  const { isMonolith } = useColours();
  const params = useParams();
  const meta = useMeta().data;
  const panel = usePanel();
  const rows = useMemo(() => (panel.data?.operations ?? []).filter((it) => it.operation !== null), [panel.data]);
  const most = Math.max(1, ...rows.map((it) => it.calls));

  const columns = useMemo<Column<OperationRow>[]>(() => {
    const to = (row: OperationRow) => link(`/operations/${encodeURIComponent(row.operation ?? '')}`, {}, row.service === null ? {} : { service: row.service });
    const movedTo = (row: OperationRow) => meta?.operations.find((it) => it.operation === row.operation && it.service === row.service)?.moved_to ?? null;
    return [
      { id: 'operation', header: t.columns.operation, value: (row) => row.operation, cell: (row) => <Link to={to(row)} onClick={(event) => event.stopPropagation()}>{row.operation}</Link> },
      { id: 'service', header: t.columns.service, value: (row) => row.service, cell: (row) => <Named name={row.service} /> },
      { id: 'state', header: t.operations.state, value: (row) => stateOf(row, isMonolith(row.service), asOf), cell: (row) => <StateBadge state={stateOf(row, isMonolith(row.service), asOf)} /> },
      { id: 'calls', header: t.columns.calls, value: (row) => row.calls, cell: (row) => <Bar part={row.calls / most} text={f.count(row.calls)} />, numeric: true },
      { id: 'retired', header: t.columns.retired, value: (row) => row.retired, cell: (row) => (row.retired === null ? <span className="dim">–</span> : <span className="nowrap">{f.day(row.retired)}</span>) },
      { id: 'moved_to', header: t.columns.moved_to, value: movedTo, cell: (row) => movedTo(row) ?? <span className="dim">–</span> },
      { id: 'p50', header: t.columns.p50, value: (row) => row.p50, cell: (row) => f.duration(row.p50), numeric: true },
      { id: 'p95', header: t.columns.p95, value: (row) => row.p95, cell: (row) => f.duration(row.p95), numeric: true },
    ];
  }, [t, f, link, meta, isMonolith, asOf, most]);
  return (
    <>
      <ScreenHead title={t.operations.title} hint={t.operations.intro} />
      {panel.data !== undefined && rows.length === 0 ? (
        <Empty icon="operations" title={t.operations.empty}><p>{t.operations.emptyHint}</p></Empty>
      ) : (
        <Card title={t.operations.title} query={panel} exported={{ path: '/panel', params: { ...params, table: 'operations' } }}>
          <DataTable
            label={t.operations.title}
            columns={columns}
            rows={rows}
            onRow={(row) => void navigate(link(`/operations/${encodeURIComponent(row.operation ?? '')}`, {}, row.service === null ? {} : { service: row.service }))}
          />
        </Card>
      )}
    </>
  );
}

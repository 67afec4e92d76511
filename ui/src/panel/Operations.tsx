import { useMemo } from 'react';

import { useParams } from '../api/queries';
import type { OperationRow } from '../api/types';
import { Legend } from '../chart/Legend';
import { useColours } from '../chart/useColours';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { DataTable, type Column } from '../parts/DataTable';
import { Named } from '../parts/Named';
import { pill } from '../query/pill';
import { useView } from '../view/useView';
import styles from './Operations.module.css';
import type { PanelQuery } from './types';

/** Bars of operations, cut by the service that answered. */
export function Operations({ panel }: { panel: PanelQuery }) {
  const { t, f } = useLang();
  const { add } = useView();
  const { service: colour } = useColours();
  const params = useParams();
  const { data } = panel;
  const rows = useMemo(() => data?.operations ?? [], [data]);
  const services = useMemo(() => (data?.services ?? []).map((it) => it.service), [data]);
  const operations = useMemo(() => order(rows), [rows]);
  const largest = Math.max(1, ...operations.map((it) => total(rows, it)));

  const columns = useMemo<Column<OperationRow>[]>(
    () => [
      { id: 'operation', header: t.columns.operation, value: (row) => row.operation, cell: (row) => <Named name={row.operation} /> },
      { id: 'service', header: t.columns.service, value: (row) => row.service, cell: (row) => <Named name={row.service} /> },
      { id: 'calls', header: t.columns.calls, value: (row) => row.calls, cell: (row) => f.count(row.calls), numeric: true },
      { id: 'p50', header: t.columns.p50, value: (row) => row.p50, cell: (row) => f.duration(row.p50), numeric: true },
      { id: 'p95', header: t.columns.p95, value: (row) => row.p95, cell: (row) => f.duration(row.p95), numeric: true },
    ],
    [t, f],
  );
  const label = t.chart.pie(t.panel.bars, operations.map((it) => `${it ?? t.unknown} ${f.count(total(rows, it))}`).join(', '));
  return (
    <Card title={t.panel.bars} hint={t.panel.barsHint} query={panel} exported={{ path: '/panel', params: { ...params, table: 'operations' } }} table={<DataTable label={t.panel.bars} columns={columns} rows={rows} />}>
      <div data-chart role="img" aria-label={label} className={styles.bars}>
        {operations.map((operation) => (
          <div key={String(operation)} className={styles.bar}>
            <span className={`truncate ${styles.name} ${operation === null ? 'unknown' : ''}`} title={operation ?? t.unknown}>{operation ?? t.unknown}</span>
            <span className={styles.track}>
              {services.map((service) => {
                const calls = rows.find((it) => it.operation === operation && it.service === service)?.calls ?? 0;
                return calls > 0 && (
                  <span
                    key={String(service)}
                    className={styles.part}
                    style={{ flexBasis: `${(calls / largest) * 100}%`, background: colour(service) }}
                    title={`${operation ?? t.unknown}, ${service ?? t.unknown}: ${f.count(calls)}`}
                    onClick={() => add(pill('operation', operation), pill('service', service))}
                  />
                );
              })}
            </span>
            <span className={`num ${styles.total}`}>{f.compact(total(rows, operation))}</span>
          </div>
        ))}
      </div>
      <Legend keys={services.map((it) => ({ id: String(it), colour: colour(it), name: it, onClick: () => add(pill('service', it)) }))} />
    </Card>
  );
}

/** The busiest first; what nobody could name last. */
function order(rows: readonly OperationRow[]): (string | null)[] {
  const names = [...new Set(rows.map((it) => it.operation))];
  return names.sort((a, b) => Number(a === null) - Number(b === null) || total(rows, b) - total(rows, a));
}

function total(rows: readonly OperationRow[], operation: string | null): number {
  return rows.filter((it) => it.operation === operation).reduce((sum, it) => sum + it.calls, 0);
}

import { useMemo } from 'react';
import { Link } from 'react-router';

import { useMeta, useParams } from '../api/queries';
import type { EndpointRow } from '../api/types';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { DataTable, type Column } from '../parts/DataTable';
import { Bar } from '../parts/Bar';
import { useView } from '../view/useView';
import styles from './Endpoints.module.css';
import { looksUnlearned } from './unlearned';
import type { PanelQuery } from './types';

/** The number of calls on each endpoint of the monolith; where there is none, of every service. */
export function Endpoints({ panel }: { panel: PanelQuery }) {
  const { t, f } = useLang();
  const { link } = useView();
  const params = useParams();
  const meta = useMeta().data;
  const monoliths = meta?.monoliths;
  const of = useMemo(() => {
    const all = panel.data?.endpoints ?? [];
    return monoliths === undefined || monoliths.length === 0 ? all : all.filter((it) => it.service !== null && monoliths.includes(it.service));
  }, [panel.data, monoliths]);
  const most = Math.max(1, ...of.map((it) => it.calls));
  const columns = useMemo<Column<EndpointRow>[]>(
    () => [
      {
        id: 'endpoint',
        header: t.columns.endpoint,
        value: (row) => row.endpoint,
        cell: (row) =>
          row.endpoint === null ? (
            <span className="dim">{t.panel.notHttp}</span>
          ) : (
            <Link className={styles.endpoint} to={link('/endpoint', {}, { name: `${row.method ?? ''} ${row.endpoint}`, service: row.service ?? '' })}>
              <span className={styles.method}>{row.method}</span> {row.endpoint}
            </Link>
          ),
      },
      { id: 'calls', header: t.columns.calls, value: (row) => row.calls, cell: (row) => <Bar part={row.calls / most} text={f.count(row.calls)} />, numeric: true },
      { id: 'p95', header: t.columns.p95, value: (row) => row.p95, cell: (row) => f.duration(row.p95), numeric: true },
    ],
    [t, f, most, link],
  );
  const title = t.panel.endpoints(monoliths === undefined || monoliths.length === 0 ? t.panel.everyService : f.list(monoliths));
  return (
    <Card title={title} {...(meta !== undefined && looksUnlearned(of, meta.store.learned_templates) ? { hint: t.panel.unlearned } : {})} query={panel} exported={{ path: '/panel', params: { ...params, table: 'endpoints' } }}>
      <DataTable label={title} columns={columns} rows={of} height={300} />
    </Card>
  );
}

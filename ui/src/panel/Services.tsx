import { useMemo } from 'react';

import { useParams } from '../api/queries';
import type { ServiceRow } from '../api/types';
import { Donut } from '../chart/Donut';
import { useColours } from '../chart/useColours';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { DataTable, type Column } from '../parts/DataTable';
import { Named } from '../parts/Named';
import { pill } from '../query/pill';
import { useView } from '../view/useView';
import type { PanelQuery } from './types';

/** The pie of services: how much of the work the monolith still does. */
export function Services({ panel }: { panel: PanelQuery }) {
  const { t, f } = useLang();
  const { add } = useView();
  const { service: colour } = useColours();
  const params = useParams();
  const rows = useMemo(() => panel.data?.services ?? [], [panel.data]);
  const all = rows.reduce((sum, it) => sum + it.calls, 0);
  const columns = useMemo<Column<ServiceRow>[]>(
    () => [
      { id: 'service', header: t.columns.service, value: (row) => row.service, cell: (row) => <Named name={row.service} /> },
      { id: 'calls', header: t.columns.calls, value: (row) => row.calls, cell: (row) => f.count(row.calls), numeric: true },
      { id: 'share', header: t.columns.share, value: (row) => row.calls, cell: (row) => f.share(row.calls, all), numeric: true },
    ],
    [t, f, all],
  );
  return (
    <Card title={t.panel.services} query={panel} exported={{ path: '/panel', params: { ...params, table: 'services' } }} table={<DataTable label={t.panel.services} columns={columns} rows={rows} />}>
      <Donut title={t.panel.services} slices={rows.map((it) => ({ name: it.service, calls: it.calls, colour: colour(it.service) }))} onPick={(name) => add(pill('service', name))} />
    </Card>
  );
}

import { Select } from '@mantine/core';
import { useMemo } from 'react';

import { useParams } from '../api/queries';
import type { ActorRow, Panel } from '../api/types';
import { Donut } from '../chart/Donut';
import { useColours } from '../chart/useColours';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { DataTable, type Column } from '../parts/DataTable';
import { Named } from '../parts/Named';
import { pill } from '../query/pill';
import { useView } from '../view/useView';
import { Matrix } from './Matrix';
import type { PanelQuery } from './types';

const EVERY = '';

/** The pie of actors, for one service or for all, and who has moved. */
export function Actors({ panel }: { panel: PanelQuery }) {
  const { t, f } = useLang();
  const { search, own, add } = useView();
  const { actor: colour } = useColours();
  const params = useParams();
  const { data } = panel;
  const service = search.get('on') ?? EVERY;
  const rows = useMemo(() => (data === undefined ? [] : actorsOn(data, service)), [data, service]);
  const all = rows.reduce((sum, it) => sum + it.calls, 0);
  const slices = rows.map((it) => ({ name: it.actor, calls: it.calls, colour: colour(it.actor) }));

  const columns = useMemo<Column<ActorRow>[]>(
    () => [
      { id: 'actor', header: t.columns.actor, value: (row) => row.actor, cell: (row) => <Named name={row.actor} /> },
      { id: 'calls', header: t.columns.calls, value: (row) => row.calls, cell: (row) => f.count(row.calls), numeric: true },
      { id: 'share', header: t.columns.share, value: (row) => row.calls, cell: (row) => f.share(row.calls, all), numeric: true },
    ],
    [t, f, all],
  );
  const services = (data?.services ?? []).flatMap((it) => (it.service === null ? [] : [it.service]));
  return (
    <Card
      title={t.panel.actors}
      query={panel}
      exported={{ path: '/panel', params: { ...params, table: 'actors' } }}
      controls={
        <Select
          size="xs"
          w={150}
          aria-label={`${t.panel.actors}: ${t.panel.ofService}`}
          data={[{ value: EVERY, label: t.panel.everyService }, ...services]}
          value={service}
          allowDeselect={false}
          onChange={(value) => own('on', value === EVERY ? null : value)}
        />
      }
      table={<DataTable label={t.panel.actors} columns={columns} rows={rows} />}
    >
      <Donut title={t.panel.actors} slices={slices} onPick={(name) => add(pill('actor', name))} />
      {data && <Matrix panel={data} />}
    </Card>
  );
}

function actorsOn(panel: Panel, service: string): ActorRow[] {
  if (service === EVERY) return panel.actors;
  return panel.actor_service.filter((it) => it.service === service).map(({ actor, calls }) => ({ actor, calls })).sort((a, b) => b.calls - a.calls);
}

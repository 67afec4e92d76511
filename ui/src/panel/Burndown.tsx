import { useCallback, useMemo } from 'react';

import { useBurndown } from '../api/queries';
import { Bars } from '../chart/Bars';
import { Legend } from '../chart/Legend';
import { useColours } from '../chart/useColours';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { DataTable, type Column } from '../parts/DataTable';
import { pill } from '../query/pill';
import { useView } from '../view/useView';

interface Month {
  month: string;
  counts: number[];
}

/** Calls on the monolith by month over the years: the way down to zero. */
export function Burndown() {
  const { t, f } = useLang();
  const { change, view } = useView();
  const { operation: colour } = useColours();
  const burndown = useBurndown();
  const { data } = burndown;
  const months = useMemo(() => data?.months ?? [], [data]);
  const series = useMemo(() => [...(data?.series ?? [])].sort((a, b) => Number(a.operation === null) - Number(b.operation === null)), [data]);

  const layers = useMemo(
    () => series.map((it) => ({ id: String(it.operation), name: it.operation, colour: colour(it.operation), calls: it.calls })),
    [series, colour],
  );
  const name = useCallback((bar: number) => f.month(months[bar] ?? ''), [months, f]);

  const columns = useMemo<Column<Month>[]>(
    () => [
      { id: 'month', header: t.columns.month, value: (row) => row.month, cell: (row) => f.month(row.month) },
      ...series.map((it, at): Column<Month> => ({
        id: String(it.operation), header: it.operation ?? t.unknown, value: (row) => row.counts[at] ?? 0, cell: (row) => f.count(row.counts[at] ?? 0), numeric: true,
      })),
    ],
    [t, f, series],
  );
  const rows = months.map((month, at) => ({ month, counts: series.map((it) => it.calls[at] ?? 0) }));
  const zoom = (at: number) => {
    const [year = 0, month = 1] = (months[at] ?? '').split('-').map(Number);
    if (year > 0) change({ range: { kind: 'between', from: Date.UTC(year, month - 1, 1), to: Date.UTC(year, month, 1) } });
  };
  const label = t.chart.series(t.panel.burndown, series.map((it) => it.operation ?? t.unknown).join(', '), months[0] ?? '', months.at(-1) ?? '');
  return (
    <Card title={t.panel.burndown} hint={t.panel.burndownHint} query={burndown} table={<DataTable label={t.panel.burndown} columns={columns} rows={rows} height={280} />}>
      {months.length === 0 ? (
        <p className="dim">{t.panel.burndownEmpty}</p>
      ) : (
        <>
          <Bars label={label} height={200} bars={months.length} layers={layers} tick={name} head={name} onPick={zoom} />
          <Legend keys={series.map((it) => ({ id: String(it.operation), colour: colour(it.operation), name: it.operation, onClick: () => change({ pills: [...view.pills.filter((one) => one.field !== 'operation'), pill('operation', it.operation)] }) }))} />
        </>
      )}
    </Card>
  );
}

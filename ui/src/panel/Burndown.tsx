import { useMemo } from 'react';

import { useBurndown } from '../api/queries';
import { Chart } from '../chart/Chart';
import { Legend } from '../chart/Legend';
import { axis, base, tip } from '../chart/style';
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
  const { palette, operation: colour } = useColours();
  const burndown = useBurndown();
  const { data } = burndown;
  const months = useMemo(() => data?.months ?? [], [data]);
  const series = useMemo(() => [...(data?.series ?? [])].sort((a, b) => Number(a.operation === null) - Number(b.operation === null)), [data]);

  const option = useMemo(() => {
    const lines = axis(palette);
    return {
      ...base(palette),
      grid: { left: 52, right: 12, top: 8, bottom: 24 },
      xAxis: { type: 'category', data: months, ...lines, axisLabel: { ...lines.axisLabel, hideOverlap: true, formatter: (month: string) => f.month(month) } },
      yAxis: { type: 'value', splitNumber: 3, minInterval: 1, ...lines, axisLabel: { ...lines.axisLabel, formatter: (n: number) => f.compact(n) } },
      tooltip: {
        ...base(palette).tooltip,
        trigger: 'axis',
        axisPointer: { type: 'shadow', shadowStyle: { color: palette.text, opacity: 0.05 } },
        formatter: (shown: { dataIndex: number }[]) => {
          const at = shown[0]?.dataIndex ?? 0;
          const rows = series.map((it) => ({ colour: colour(it.operation), name: it.operation ?? t.unknown, value: f.count(it.calls[at] ?? 0) }));
          return tip(f.month(months[at] ?? ''), rows);
        },
      },
      series: series.map((it) => ({
        type: 'bar', stack: 'all', barCategoryGap: '18%', barMaxWidth: 46, name: it.operation ?? t.unknown, data: it.calls, cursor: 'pointer',
        itemStyle: { color: colour(it.operation) }, emphasis: { disabled: true },
      })),
    };
  }, [palette, months, series, colour, f, t]);

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
          <Chart option={option} label={label} height={200} onClick={({ dataIndex }) => zoom(dataIndex)} />
          <Legend keys={series.map((it) => ({ id: String(it.operation), colour: colour(it.operation), name: it.operation, onClick: () => change({ pills: [...view.pills.filter((one) => one.field !== 'operation'), pill('operation', it.operation)] }) }))} />
        </>
      )}
    </Card>
  );
}

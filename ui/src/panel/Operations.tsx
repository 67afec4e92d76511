import { useMemo } from 'react';

import { useParams } from '../api/queries';
import type { OperationRow } from '../api/types';
import { Chart } from '../chart/Chart';
import { Legend } from '../chart/Legend';
import { axis, base, tip } from '../chart/style';
import { useColours } from '../chart/useColours';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { DataTable, type Column } from '../parts/DataTable';
import { Named } from '../parts/Named';
import { pill } from '../query/pill';
import { useView } from '../view/useView';
import type { PanelQuery } from './types';

const LABELS = 172;

/** Bars of operations, cut by the service that answered. */
export function Operations({ panel }: { panel: PanelQuery }) {
  const { t, f } = useLang();
  const { add } = useView();
  const { palette, service: colour } = useColours();
  const params = useParams();
  const { data } = panel;
  const rows = useMemo(() => data?.operations ?? [], [data]);
  const services = useMemo(() => (data?.services ?? []).map((it) => it.service), [data]);
  const operations = useMemo(() => order(rows), [rows]);

  const option = useMemo(() => {
    const of = (operation: string | null, service: string | null) => rows.find((it) => it.operation === operation && it.service === service)?.calls ?? 0;
    const lines = axis(palette);
    return {
      ...base(palette),
      grid: { left: LABELS, right: 14, top: 4, bottom: 22 },
      xAxis: { type: 'value', splitNumber: 4, minInterval: 1, ...lines, axisLabel: { ...lines.axisLabel, hideOverlap: true, formatter: (n: number) => f.compact(n) } },
      yAxis: {
        type: 'category', inverse: true, data: operations.map((it) => it ?? t.unknown), ...lines, splitLine: { show: false },
        axisLabel: { ...lines.axisLabel, color: palette.text, fontSize: 12.5, width: LABELS - 12, overflow: 'truncate' },
      },
      tooltip: {
        ...base(palette).tooltip,
        trigger: 'axis',
        axisPointer: { type: 'shadow', shadowStyle: { color: palette.text, opacity: 0.05 } },
        formatter: (shown: { dataIndex: number }[]) => {
          const operation = operations[shown[0]?.dataIndex ?? 0] ?? null;
          const parts = services.map((it) => ({ colour: colour(it), name: it ?? t.unknown, value: f.count(of(operation, it)) }));
          return tip(operation ?? t.unknown, parts);
        },
      },
      series: services.map((service) => ({
        type: 'bar', stack: 'all', barMaxWidth: 20, cursor: 'pointer', name: service ?? t.unknown,
        data: operations.map((it) => of(it, service)), itemStyle: { color: colour(service) },
      })),
    };
  }, [palette, operations, services, rows, colour, f, t]);

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
      <Chart
        option={option}
        label={label}
        height={Math.max(150, operations.length * 34 + 30)}
        onClick={({ seriesIndex, dataIndex }) => add(pill('operation', operations[dataIndex] ?? null), pill('service', services[seriesIndex] ?? null))}
      />
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

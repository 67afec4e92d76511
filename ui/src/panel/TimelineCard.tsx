import { SegmentedControl } from '@mantine/core';
import { useMemo } from 'react';

import { useTimeline } from '../api/queries';
import type { TimelineBy } from '../api/types';
import { Legend } from '../chart/Legend';
import { TimelineChart } from '../chart/TimelineChart';
import { useSeries } from '../chart/useSeries';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { DataTable, type Column } from '../parts/DataTable';
import type { Pill } from '../query/pill';
import { useView } from '../view/useView';

const WAYS: readonly TimelineBy[] = ['known', 'service', 'operation', 'actor', 'status'];

/** Calls over time, split as one likes; drag to zoom. */
export function TimelineCard({ title, extra = [], first = 'known' }: { title?: string; extra?: readonly Pill[]; first?: TimelineBy }) {
  const { t, f } = useLang();
  const { search, own, change, add } = useView();
  const asked = search.get('by');
  const by = WAYS.find((it) => it === asked) ?? first;
  const timeline = useTimeline(by, extra);
  const { data } = timeline;
  const series = useSeries(data, by);

  const columns = useMemo<Column<{ start: string; counts: number[] }>[]>(
    () => [
      { id: 'time', header: t.columns.time, value: (row) => row.start, cell: (row) => f.time(row.start) },
      ...series.map((it, index): Column<{ start: string; counts: number[] }> => ({
        id: it.id, header: it.name ?? t.unknown, value: (row) => row.counts[index] ?? 0, cell: (row) => f.count(row.counts[index] ?? 0), numeric: true,
      })),
    ],
    [t, f, series],
  );
  const rows = (data?.starts ?? []).map((start, at) => ({ start, counts: series.map((it) => it.calls[at] ?? 0) }));
  const name = title ?? t.panel.timeline;
  return (
    <Card
      title={name}
      hint={data === undefined ? '' : `${t.panel.every[data.every]} · ${t.panel.timelineHint}`}
      query={timeline}
      height={190}
      controls={
        <SegmentedControl size="xs" value={by} aria-label={t.panel.byLabel} data={WAYS.map((value) => ({ value, label: t.panel.by[value] }))} onChange={(value) => own('by', value === first ? null : value)} />
      }
      table={<DataTable label={name} columns={columns} rows={rows} height={260} />}
    >
      {data && <TimelineChart title={name} timeline={data} series={series} onRange={(from, to) => change({ range: { kind: 'between', from, to } })} />}
      <Legend keys={series.map(({ id, colour, name: key, filter }) => ({ id, colour, name: key, ...(filter === undefined ? {} : { onClick: () => add(filter) }) }))} />
    </Card>
  );
}

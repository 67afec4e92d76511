import { useMemo } from 'react';

import { useLang } from '../lang/Lang';
import { Bar } from '../parts/Bar';
import { DataTable, type Column } from '../parts/DataTable';
import { Named } from '../parts/Named';
import type { Flow } from './flows';

/** The same as the drawing, row by row. */
export function FlowTable({ flows, compared }: { flows: readonly Flow[]; compared: boolean }) {
  const { t, f } = useLang();
  const most = Math.max(1, ...flows.map((it) => it.calls));
  const columns = useMemo<Column<Flow>[]>(() => {
    const dash = <span className="dim">–</span>;
    const named = (id: 'actor' | 'service'): Column<Flow> => ({ id, header: t.columns[id], value: (it) => it[id] ?? null, cell: (it) => (it[id] === undefined ? dash : <Named name={it[id]} />) });
    const standing: Column<Flow> = { id: 'standing', header: t.map.standingColumn, value: (it) => t.map.standing[it.standing], cell: (it) => <span className={it.standing === 'unmapped' ? 'unknown' : it.standing === 'unseen' ? '' : 'dim'}>{t.map.standing[it.standing]}</span> };
    return [
      named('actor'),
      { id: 'operation', header: t.columns.operation, value: (it) => it.operation ?? null, cell: (it) => (it.operation === undefined ? dash : it.operation ?? <span className="dim">{t.map.noOperation}</span>) },
      named('service'),
      { id: 'calls', header: t.columns.calls, value: (it) => it.calls, cell: (it) => <Bar part={it.calls / most} text={f.count(it.calls)} />, numeric: true },
      { id: 'marks', header: t.map.marksColumn, value: (it) => it.marks, cell: (it) => (it.marks === 0 ? dash : <span className="unknown" title={t.map.marksHint}>{f.count(it.marks)}</span>), numeric: true },
      ...(compared ? [standing] : []),
    ];
  }, [t, f, most, compared]);
  return <DataTable label={t.map.drawing} columns={columns} rows={flows} height={460} />;
}

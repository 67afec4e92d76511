import { useMemo } from 'react';
import { Link } from 'react-router';

import { api } from '../api/client';
import { useAnswer } from '../api/queries';
import type { FirstRow } from '../api/types';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { DataTable, type Column } from '../parts/DataTable';
import { useView } from '../view/useView';

const DAY = 86_400_000;

/** What to move first: worth times ease, with the columns it is made of. */
export function First() {
  const { t, f, lang } = useLang();
  const { link } = useView();
  const first = useAnswer('/first', { lang }, (signal) => api.GET('/api/v1/first', { params: { query: { lang } }, signal }));
  const columns = useMemo<Column<FirstRow>[]>(() => {
    const words = t.verdict.first;
    return [
      { id: 'rank', header: words.rank, value: (it) => it.rank, numeric: true },
      { id: 'operation', header: t.columns.operation, value: (it) => it.operation, cell: (it) => <Link to={link(`/operations/${encodeURIComponent(it.operation)}`, {}, { service: it.service })}>{it.operation}</Link> },
      { id: 'load', header: words.load, value: (it) => it.calls_per_day, cell: (it) => `${f.amount(it.calls_per_day)} (${f.share(it.share, 1)})`, numeric: true },
      { id: 'growth', header: words.growth, value: (it) => it.growth, cell: (it) => (it.growth === null ? <span className="dim">–</span> : `× ${f.amount(it.growth)}`), numeric: true },
      { id: 'actors', header: words.actors, value: (it) => it.actors.length, cell: (it) => <span title={f.list(it.actors)}>{f.count(it.actors.length)}</span>, numeric: true },
      { id: 'unknown', header: words.unknown, value: (it) => it.unknown_share, cell: (it) => <span className={it.unknown_share > 0 ? 'unknown' : ''}>{f.share(it.unknown_share, 1)}</span>, numeric: true },
      { id: 'pause', header: words.pause, value: (it) => it.longest_pause_days, cell: (it) => (it.longest_pause_days === null ? <span className="dim">–</span> : f.span(it.longest_pause_days * DAY)), numeric: true },
      { id: 'why', header: t.verdict.reasonsTitle, value: (it) => it.reasons.join(), cell: (it) => <span data-first={it.operation}>{it.reasons.join('; ')}</span> },
    ];
  }, [t, f, link]);
  const rows = first.data?.operations ?? [];
  return (
    <Card title={t.verdict.first.title} hint={t.verdict.first.intro} query={first} height={120}>
      {rows.length === 0 ? <p className="dim">{t.verdict.first.none}</p> : <DataTable label={t.verdict.first.title} columns={columns} rows={rows} />}
    </Card>
  );
}

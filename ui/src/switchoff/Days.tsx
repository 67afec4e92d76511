import { Tooltip } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';

import { format } from '../format/format';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { DataTable, type Column } from '../parts/DataTable';
import type { Expected, Verdicts } from '../verdict/types';
import styles from './Days.module.css';
import { weeks, type Day } from './weeks';

/** When callers that may still be there are due: the days on which somebody should look. */
export function Days({ verdicts }: { verdicts: UseQueryResult<Verdicts> }) {
  const { t, f } = useLang();
  const { data } = verdicts;
  const expected = data?.expected ?? [];
  const columns: Column<Expected>[] = [
    { id: 'at', header: t.columns.time, value: (it) => it.at, cell: (it) => <span className="num">{f.moment(it.at)}</span> },
    { id: 'who', header: t.verdict.columns.caller, value: (it) => it.who },
    { id: 'operation', header: t.columns.operation, value: (it) => it.operation },
    { id: 'rhythm', header: t.verdict.columns.rhythm, value: (it) => it.cadence },
    { id: 'alive', header: t.verdict.columns.alive, value: (it) => it.p_alive, cell: (it) => f.share(it.p_alive, 1), numeric: true },
  ];
  return (
    <Card title={t.verdict.days.title} hint={t.verdict.days.intro} query={verdicts} table={<DataTable label={t.verdict.days.title} columns={columns} rows={expected} height={360} />}>
      {expected.length === 0 ? <p className="dim">{t.verdict.days.none}</p> : <Calendar weeks={weeks(Date.parse(data?.at ?? ''), expected, data?.clocks ?? [])} />}
    </Card>
  );
}

function Calendar({ weeks: rows }: { weeks: Day[][] }) {
  const { t, f, lang } = useLang();
  // Days are as clocks show them already.
  const date = format(lang, 'utc');
  const weekday = new Intl.DateTimeFormat(lang === 'fr' ? 'fr-FR' : 'en-GB', { weekday: 'short', timeZone: 'UTC' });
  return (
    <table className={styles.calendar}>
      <thead>
        <tr>{rows[0]?.map((it) => <th key={it.start} scope="col">{weekday.format(it.start)}</th>)}</tr>
      </thead>
      <tbody>
        {rows.map((week) => (
          <tr key={week[0]?.start}>
            {week.map((day) => <td key={day.start} className={day.past ? styles.past : ''}><Cell day={day} name={date.day(day.start)} due={t.verdict.days.due(f.count(day.due.length), day.due.length)} /></td>)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Lines in a tooltip; who wants all of them takes the table. */
const TOLD = 6;

function Cell({ day, name, due }: { day: Day; name: string; due: string }) {
  const { f } = useLang();
  const number = new Date(day.start).getUTCDate();
  if (day.due.length === 0) return <span className={styles.day}>{number}</span>;
  const likely = Math.max(...day.due.map((it) => it.p_alive));
  const lines = day.due.slice(0, TOLD).map((it) => `${f.clock(it.at)} ${it.who}: ${it.operation}, ${it.cadence}`);
  return (
    <Tooltip label={<>{lines.map((it) => <div key={it}>{it}</div>)}{day.due.length > TOLD && '…'}</>} multiline maw={420}>
      <span className={`${styles.day} ${styles.due}`} tabIndex={0} role="img" aria-label={`${name}: ${due}. ${lines.join('; ')}`} style={{ '--likely': `${8 + likely * 27}%` } as React.CSSProperties}>
        {number}
        <span className={styles.count}>{f.count(day.due.length)}</span>
      </span>
    </Tooltip>
  );
}

import '@mantine/dates/styles.css';
import 'dayjs/locale/fr';

import { Button, SegmentedControl } from '@mantine/core';
import { DatePicker, DatesProvider, TimePicker as ClockInput } from '@mantine/dates';
import { useState } from 'react';

import { useLang } from '../lang/Lang';
import { useMeta } from '../api/queries';
import type { Range } from '../view/time';
import { fromClock, toClock } from '../view/zone';
import styles from './TimePicker.module.css';

const MINUTE = 60_000;

/** A calendar and two clocks. */
export function AbsoluteTime({ range, onSet }: { range: Range; onSet: (range: Range) => void }) {
  const { t, zone, setZone, lang } = useLang();
  const store = useMeta().data?.store;
  const end = store?.to == null ? Date.now() : Date.parse(store.to);
  const first = range.kind === 'between' ? range : { from: end - 7 * 86_400_000, to: end };
  const [from, setFrom] = useState(() => toClock(first.from, zone));
  const [to, setTo] = useState(() => toClock(first.to % MINUTE === 0 ? first.to - 1000 : first.to, zone));
  const [days, setDays] = useState<[string | null, string | null]>([from.day, to.day]);

  const start = fromClock(days[0] ?? '', from.clock, zone);
  const stop = fromClock(days[1] ?? '', to.clock, zone);
  const wrong = start === null || stop === null || start >= stop;
  const choose = (value: [string | null, string | null]) => {
    setDays(value);
    // Whole days are meant, until somebody sets the clocks: up to the end of the second.
    if (value[1] === null) {
      setFrom({ ...from, clock: '00:00:00' });
      setTo({ ...to, clock: '23:59:59' });
    }
  };
  return (
    <form className={styles.absolute} onSubmit={(event) => { event.preventDefault(); if (!wrong) onSet({ kind: 'between', from: start, to: wholeDay(stop) }); }}>
      <div className={styles.head}>
        <h3>{t.time.absolute}</h3>
        <SegmentedControl size="xs" value={zone} aria-label={t.time.zone} data={[{ value: 'utc', label: t.time.zoneUtc }, { value: 'local', label: t.time.zoneLocal }]} onChange={(value) => setZone(value === 'local' ? 'local' : 'utc')} />
      </div>
      <DatesProvider settings={{ locale: lang, firstDayOfWeek: 1, weekendDays: [] }}>
        <DatePicker
          ariaLabels={{ previousMonth: t.time.previousMonth, nextMonth: t.time.nextMonth, previousYear: t.time.previousMonth, nextYear: t.time.nextMonth, previousDecade: t.time.previousMonth, nextDecade: t.time.nextMonth }}
          hideOutsideDates type="range" locale={lang} size="xs" allowSingleDateInRange value={days} defaultDate={days[1] ?? from.day} onChange={choose} />
      </DatesProvider>
      <div className={styles.clocks}>
        <ClockInput size="xs" withSeconds label={t.time.from} value={from.clock} onChange={(clock) => setFrom({ ...from, clock })} />
        <ClockInput size="xs" withSeconds label={t.time.to} value={to.clock} onChange={(clock) => setTo({ ...to, clock })} />
        <Button type="submit" size="xs" disabled={wrong}>{t.apply}</Button>
      </div>
      {wrong && days[1] !== null && <p className={styles.wrong} role="alert">{t.time.invalid}</p>}
    </form>
  );
}

/** Ranges leave out their end: a day that ends at 23:59:59 means all of it, and so it is shown. */
function wholeDay(stop: number): number {
  return stop % MINUTE === MINUTE - 1000 ? stop + 1000 : stop;
}

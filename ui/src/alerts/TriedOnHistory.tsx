import { Button } from '@mantine/core';
import { useState } from 'react';

import { useWouldTell } from '../api/queries';
import { useLang } from '../lang/Lang';
import { Failure } from '../parts/Card';
import styles from './TriedOnHistory.module.css';
import { titleOf } from './title';

const DAYS = 30;

/** What somebody would have been told in the last days, by the rules as they are: before anybody is. */
export function TriedOnHistory() {
  const { t, f } = useLang();
  const [asked, setAsked] = useState(false);
  const tried = useWouldTell(DAYS, asked);
  const alerts = tried.data?.alerts;
  return (
    <section className={styles.tried} data-tried>
      <h2>{t.alerts.tried}</h2>
      <p>{t.alerts.triedHint(f.count(DAYS))}</p>
      {!asked && <Button size="xs" variant="default" onClick={() => setAsked(true)}>{t.alerts.try}</Button>}
      {tried.error !== null && alerts === undefined && <Failure error={tried.error} onRetry={() => void tried.refetch()} />}
      {alerts?.length === 0 && <p>{t.alerts.triedNothing}</p>}
      {alerts !== undefined && alerts.length > 0 && (
        <ul>
          {alerts.map((it) => (
            <li key={`${it.kind} ${it.cause}`}>{titleOf(it)} <span className="num">· {t.alerts.times(it.count, f.count(it.count))}</span></li>
          ))}
        </ul>
      )}
    </section>
  );
}

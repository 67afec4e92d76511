import { Button } from '@mantine/core';
import { useState } from 'react';

import { useAlertKinds, useWouldTell } from '../api/queries';
import { useLang } from '../lang/Lang';
import { Badge } from '../parts/Badge';
import { Failure } from '../parts/Card';
import styles from './TriedOnHistory.module.css';
import { kindOf, titleOf } from './title';

const DAYS = 30;

/** Which kinds of alerts are armed, and what each would have told in the last days: before anybody is. */
export function TriedOnHistory() {
  const { t, f } = useLang();
  const [asked, setAsked] = useState(false);
  const kinds = useAlertKinds();
  const tried = useWouldTell(DAYS, asked);
  const alerts = tried.data?.alerts;
  return (
    <section className={styles.tried} data-tried>
      <h2>{t.alerts.tried}</h2>
      <p>{t.alerts.triedHint(f.count(DAYS))} {t.alerts.armedHint}</p>
      {!asked && <Button size="xs" variant="default" onClick={() => setAsked(true)}>{t.alerts.try}</Button>}
      {kinds.error !== null && kinds.data === undefined && <Failure error={kinds.error} onRetry={() => void kinds.refetch()} />}
      {tried.error !== null && alerts === undefined && <Failure error={tried.error} onRetry={() => void tried.refetch()} />}
      <ul className={styles.kinds}>
        {kinds.data?.kinds.map(({ kind, is_armed }) => {
          const told = alerts?.filter((it) => it.kind === kind);
          return (
            <li key={kind} data-kind={kind}>
              <div className={styles.kind}>
                <h3>{t.alerts.kinds[kindOf({ kind })]}</h3>
                <Badge tone={is_armed ? 'good' : 'plain'}>{is_armed ? t.alerts.armed : t.alerts.unarmed}</Badge>
                {told?.length === 0 && <span className="dim">{t.alerts.triedNothing}</span>}
              </div>
              {told !== undefined && told.length > 0 && (
                <ul>
                  {told.map((it) => (
                    <li key={it.cause}>{titleOf(it)} <span className="num">· {t.alerts.times(it.count, f.count(it.count))}</span></li>
                  ))}
                </ul>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

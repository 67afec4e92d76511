import { Button, Collapse } from '@mantine/core';
import { useId } from 'react';
import { Link } from 'react-router';

import { useLang } from '../lang/Lang';
import { Icon } from '../theme/Icon';
import { CallerTable } from '../verdict/CallerTable';
import { Reasons } from '../verdict/Reasons';
import { whenSafe } from '../verdict/said';
import { StateBadge } from '../verdict/StateBadge';
import type { Verdict } from '../verdict/types';
import { useScope } from '../view/Scope';
import { useView } from '../view/useView';
import { Gates } from './Gates';
import { Words } from './Words';
import styles from './VerdictItem.module.css';

/** Reasons that are seen without opening anything. */
const AT_ONCE = 2;

/** One operation on one service: what may be done, from when, and why. */
export function VerdictItem({ verdict }: { verdict: Verdict }) {
  const { t, f } = useLang();
  const { link, search, own } = useView();
  const { asOf } = useScope();
  const id = useId();
  const { operation, service, state, last_call: last } = verdict;
  const name = `${operation}~${service ?? ''}`;
  const open = search.get('open') === name;
  const when = whenSafe(verdict, t, f);
  const short = verdict.reason_details.filter((it) => it.code !== 'safe_on' && it.code !== 'never').slice(0, AT_ONCE);
  return (
    <li className={`${styles.item} ${styles[state]}`} data-verdict={operation}>
      <button type="button" className={`plain ${styles.head}`} aria-expanded={open} aria-controls={id} onClick={() => own('open', open ? null : name)}>
        <Icon name={open ? 'down' : 'right'} size={15} />
        <span className={styles.name}>
          <span className={styles.operation}>{operation}</span>
          <span className={styles.service}>{service ?? t.unknown}</span>
        </span>
        <span className={styles.when}>{when}</span>
        <span className={`${styles.last} num`}>{last === null ? t.verdict.noCall : t.verdict.lastCall(f.ago(last, asOf))}</span>
      </button>
      <span className={styles.state}><StateBadge state={state} /></span>
      {!open && <div className={styles.short}><Reasons reasons={short} /></div>}
      <Collapse expanded={open} id={id} transitionDuration={120}>
        {open && (
          <div className={styles.details}>
            <section>
              <h3>{t.verdict.reasonsTitle}</h3>
              <Reasons reasons={verdict.reason_details} />
            </section>
            <section className={styles.wide}>
              <h3>{t.verdict.callersTitle}</h3>
              {verdict.callers.length === 0 ? <p className="dim">{t.verdict.noCall}</p> : <CallerTable callers={verdict.callers} />}
            </section>
            <Gates gates={verdict.gates} gaps={verdict.gaps} />
            <Words verdict={verdict} />
            <div className={styles.wide}>
              <Button component={Link} to={link(`/operations/${encodeURIComponent(operation)}`, {}, service === null ? {} : { service })} size="compact-sm" variant="default">{t.verdict.open}</Button>
            </div>
          </div>
        )}
      </Collapse>
    </li>
  );
}

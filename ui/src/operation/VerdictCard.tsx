import { Link } from 'react-router';

import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { ByClocks } from '../verdict/ByClocks';
import { CallerTable } from '../verdict/CallerTable';
import { useVerdicts } from '../verdict/queries';
import { Reasons } from '../verdict/Reasons';
import { whenSafe } from '../verdict/said';
import { StateBadge } from '../verdict/StateBadge';
import type { Verdict } from '../verdict/types';
import { useView } from '../view/useView';
import { CallersCard } from './CallersCard';
import styles from './VerdictCard.module.css';

/** May it be switched off here, and who calls it in which rhythm; where nothing is judged, who calls it. */
export function VerdictCard({ operation, service }: { operation: string; service: string | null }) {
  const { t } = useLang();
  const verdicts = useVerdicts({ operation, ...(service === null ? {} : { service }) });
  const verdict = verdicts.data?.operations.find((it) => it.operation === operation && (service === null || it.service === service));
  if (verdicts.isError || (verdicts.data !== undefined && verdict === undefined)) return <CallersCard operation={operation} service={service} />;
  return (
    <Card title={t.verdict.callersTitle} hint={verdict?.service ?? ''} query={verdicts} {...(verdict === undefined ? {} : { controls: <StateBadge state={verdict.state} /> })}>
      {verdict !== undefined && (
        <ByClocks clocks={verdicts.data?.clocks}><Told verdict={verdict} /></ByClocks>
      )}
    </Card>
  );
}

function Told({ verdict }: { verdict: Verdict }) {
  const { t, f } = useLang();
  const { link } = useView();
  return (
    <div className={styles.verdict}>
      <p className={styles.when}><b>{whenSafe(verdict, t, f)}</b> <Link to={link('/switch-off', {}, { open: `${verdict.operation}~${verdict.service ?? ''}` })}>{t.verdict.details}</Link></p>
      <Reasons reasons={verdict.reason_details.slice(0, 4)} />
      {verdict.callers.length > 0 && <CallerTable callers={verdict.callers} />}
    </div>
  );
}

import { Select } from '@mantine/core';
import { Link, useParams as usePath } from 'react-router';

import { useMeta, usePanel } from '../api/queries';
import { useLang } from '../lang/Lang';
import { TimelineCard } from '../panel/TimelineCard';
import { ScreenHead } from '../parts/ScreenHead';
import { pill } from '../query/pill';
import { Icon } from '../theme/Icon';
import { useScope } from '../view/Scope';
import { useView } from '../view/useView';
import { LatestCalls } from './LatestCalls';
import styles from './OperationScreen.module.css';
import { VerdictCard } from './VerdictCard';
import { Why } from './Why';

const EVERY = '';

/** One operation: its trend, who calls it, why it is still called. */
export function OperationScreen() {
  const { t } = useLang();
  const { operation = '' } = usePath();
  const { search, link, own } = useView();
  const { asOf } = useScope();
  const meta = useMeta().data;
  const service = search.get('service');
  const everywhere = [pill('operation', operation)];
  const here = service === null ? everywhere : [...everywhere, pill('service', service)];
  const declared = meta?.operations.find((it) => it.operation === operation && (service === null || it.service === service));
  // Once retired, the question is who calls it since then.
  const since = declared?.retired != null && Date.parse(declared.retired) < asOf ? declared.retired : undefined;
  const panel = usePanel(everywhere, since);
  return (
    <>
      <Link to={link('/operations')} className={styles.back}><Icon name="left" size={14} /> {t.operations.back}</Link>
      <ScreenHead title={operation}>
        <Select
          size="xs"
          w={190}
          aria-label={t.columns.service}
          data={[{ value: EVERY, label: t.operations.onAll }, ...(meta?.services ?? []).map((it) => ({ value: it, label: t.operations.onService(it) }))]}
          value={service ?? EVERY}
          allowDeselect={false}
          onChange={(value) => own('service', value === EVERY ? null : value)}
        />
      </ScreenHead>
      <div className={styles.stack}>
        <Why panel={panel} operation={operation} service={service} declared={declared} />
        <TimelineCard title={t.operations.trend} extra={here} first={service === null ? 'service' : 'actor'} />
        <VerdictCard operation={operation} service={service} />
        <LatestCalls extra={here} />
      </div>
    </>
  );
}

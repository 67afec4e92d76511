import { SegmentedControl } from '@mantine/core';

import { useAlerts } from '../api/queries';
import type { Alert } from '../api/types';
import { useLang } from '../lang/Lang';
import { Failure } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { ScreenHead } from '../parts/ScreenHead';
import { useView } from '../view/useView';
import { AlertItem } from './AlertItem';
import { isQuiet } from './quiet';
import styles from './AlertsScreen.module.css';
import { TriedOnHistory } from './TriedOnHistory';

/** What asks for a person. */
export function AlertsScreen() {
  const { t } = useLang();
  const { search, own } = useView();
  const state = search.get('state') === 'all' ? 'all' : 'open';
  const alerts = useAlerts(state);
  const rows = [...(alerts.data?.alerts ?? [])].sort((a, b) => rank(a) - rank(b) || Date.parse(b.last ?? b.opened) - Date.parse(a.last ?? a.opened));
  return (
    <>
      <ScreenHead title={t.alerts.title}>
        <SegmentedControl
          size="xs"
          aria-label={t.alerts.title}
          value={state}
          data={[{ value: 'open', label: t.alerts.open }, { value: 'all', label: t.alerts.everything }]}
          onChange={(value) => own('state', value === 'all' ? 'all' : null)}
        />
      </ScreenHead>
      {alerts.error !== null && alerts.data === undefined ? (
        <Failure error={alerts.error} onRetry={() => void alerts.refetch()} />
      ) : alerts.data !== undefined && rows.length === 0 ? (
        <Empty icon="check" title={t.alerts.empty}><p>{t.alerts.emptyHint}</p></Empty>
      ) : (
        <ul className={styles.alerts}>{rows.map((it) => <AlertItem key={it.id} alert={it} />)}</ul>
      )}
      <TriedOnHistory />
    </>
  );
}

/** A residual call first, what is dealt with last. */
function rank(alert: Alert): number {
  return isQuiet(alert, Date.now()) ? 2 : alert.kind === 'residual_call' ? 0 : 1;
}

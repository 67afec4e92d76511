import { Link } from 'react-router';

import { usePanel } from '../api/queries';
import { Donut } from '../chart/Donut';
import { useColours } from '../chart/useColours';
import { useLang } from '../lang/Lang';
import { TimelineCard } from '../panel/TimelineCard';
import { Card } from '../parts/Card';
import { ScreenHead } from '../parts/ScreenHead';
import { pill } from '../query/pill';
import { Icon } from '../theme/Icon';
import { useView } from '../view/useView';
import { LatestCalls } from './LatestCalls';
import styles from './OperationScreen.module.css';
import pair from '../panel/PanelScreen.module.css';

/** One endpoint: its trend, who calls it, which operations it leads to. */
export function EndpointScreen() {
  const { t, f } = useLang();
  const { search, link, add } = useView();
  const { actor, operation } = useColours();
  const name = search.get('name') ?? '';
  const service = search.get('service');
  const extra = [pill('endpoint', name), ...(service === null || service === '' ? [] : [pill('service', service)])];
  const panel = usePanel(extra);
  const operations = (panel.data?.operations ?? []).filter((it) => it.calls > 0);
  const calls = panel.data?.calls ?? 0;
  return (
    <>
      <Link to={link('/')} className={styles.back}><Icon name="left" size={14} /> {t.nav.panel}</Link>
      <ScreenHead title={name} hint={`${service === null || service === '' ? t.operations.onAll : t.operations.onService(service)} · ${t.calls(calls, f.count(calls))}`} />
      <div className={styles.stack}>
        <TimelineCard title={t.operations.trend} extra={extra} first="actor" />
        <div className={pair.columns}>
          <Card title={t.operations.actorsTitle} query={panel}>
            <Donut title={t.panel.actors} slices={(panel.data?.actors ?? []).map((it) => ({ name: it.actor, calls: it.calls, colour: actor(it.actor) }))} onPick={(it) => add(pill('actor', it))} />
          </Card>
          <Card title={t.operations.title} query={panel}>
            <Donut title={t.operations.title} slices={operations.map((it) => ({ name: it.operation, calls: it.calls, colour: operation(it.operation) }))} onPick={(it) => add(pill('operation', it))} />
          </Card>
        </div>
        <LatestCalls extra={extra} />
      </div>
    </>
  );
}

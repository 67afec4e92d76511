import { usePanel } from '../api/queries';
import { useLang } from '../lang/Lang';
import { Failure } from '../parts/Card';
import { NoCalls } from '../parts/NoCalls';
import { ScreenHead } from '../parts/ScreenHead';
import { useScope } from '../view/Scope';
import { Actors } from './Actors';
import { Burndown } from './Burndown';
import { Endpoints } from './Endpoints';
import { Figures } from './Figures';
import { Operations } from './Operations';
import styles from './PanelScreen.module.css';
import { Services } from './Services';
import { Tiles } from './Tiles';
import { TimelineCard } from './TimelineCard';

/** The control panel: who calls what, where, and how much of it is unknown. */
export function PanelScreen() {
  const { t, f } = useLang();
  const panel = usePanel();
  const { data, error } = panel;
  const { params } = useScope();
  const coarse = data?.from != null && params.from !== undefined && Date.parse(data.from) < Date.parse(params.from) && !panel.isPlaceholderData;
  const said = data?.from != null && data.to != null ? t.panel.intro(f.time(data.from), f.time(data.to)) : '';
  return (
    <>
      <ScreenHead title={t.panel.title} hint={`${said}${coarse ? ` · ${t.panel.coarse}` : ''}`} />
      {error !== null && data === undefined && <Failure error={error} onRetry={() => void panel.refetch()} />}
      {data?.calls === 0 && !panel.isPlaceholderData ? (
        <div className={styles.panel}>
          <Figures panel={panel} />
          <NoCalls />
          <Tiles panel={panel} />
          <Burndown />
        </div>
      ) : (
        <div className={styles.panel}>
          <Figures panel={panel} />
          <TimelineCard />
          <Tiles panel={panel} />
          <div className={styles.columns}>
            <div className={styles.column}>
              <Operations panel={panel} />
              <Endpoints panel={panel} />
            </div>
            <div className={styles.column}>
              <Actors panel={panel} />
              <Services panel={panel} />
            </div>
          </div>
          <Burndown />
        </div>
      )}
    </>
  );
}

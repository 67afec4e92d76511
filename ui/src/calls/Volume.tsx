import { useTimeline } from '../api/queries';
import { Legend } from '../chart/Legend';
import { TimelineChart } from '../chart/TimelineChart';
import { useSeries } from '../chart/useSeries';
import { useLang } from '../lang/Lang';
import { useView } from '../view/useView';
import styles from './Volume.module.css';

/** When the listed calls came, and how they were answered: a strip above them. */
export function Volume() {
  const { t } = useLang();
  const { change, add } = useView();
  const { data } = useTimeline('status');
  const series = useSeries(data, 'status');
  // Where nothing is there is nothing to draw; while one waits its place is kept.
  if (data?.starts.length === 0) return null;
  return (
    <div className={styles.volume}>
      {data && (
        <>
          <TimelineChart title={t.panel.timeline} timeline={data} series={series} height={96} onRange={(from, to) => change({ range: { kind: 'between', from, to } })} />
          <Legend keys={series.map(({ id, colour, name, filter }) => ({ id, colour, name, ...(filter === undefined ? {} : { onClick: () => add(filter) }) }))} />
        </>
      )}
    </div>
  );
}

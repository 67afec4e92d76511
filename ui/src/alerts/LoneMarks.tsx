import { useAlertMarks } from '../api/queries';
import { useLang } from '../lang/Lang';
import { Failure } from '../parts/Card';
import { Lacking } from '../parts/Lacking';
import { Logged } from '../parts/Logged';
import styles from './LoneMarks.module.css';

/** The lines of the marks without a call that an alert counts: who has written them, and when. */
export function LoneMarks({ id }: { id: number }) {
  const { t, f } = useLang();
  const marks = useAlertMarks(id, true);
  if (marks.error !== null && marks.data === undefined) return <Failure error={marks.error} onRetry={() => void marks.refetch()} />;
  const rows = marks.data?.marks;
  const lacking = <Lacking sentences={marks.data?.lacking} />;
  if (rows?.length === 0) return <>{lacking}<p className="dim">{t.alerts.noLines}</p></>;
  return (
    <>
      {lacking}
      <ul className={styles.lines} data-lines>
        {rows?.map((it, at) => (
          <li key={at}>
            <span className="dim num">{it.time != null && `${f.time(it.time)} · `}{it.source}</span>
            <code><Logged text={it.line} /></code>
          </li>
        ))}
      </ul>
    </>
  );
}

import type { Call, Mark } from '../api/types';
import { useRequest } from '../api/queries';
import { Failure } from '../parts/Card';
import { Lacking } from '../parts/Lacking';
import { Logged } from '../parts/Logged';
import { Named } from '../parts/Named';
import { useLang } from '../lang/Lang';
import { Status } from './Cell';
import styles from './Happened.module.css';

type Event = { at: number } & ({ call: Call } | { mark: Mark });

/** One request id: its calls and its marks, in the order in which they happened. */
export function Happened({ call }: { call: Call }) {
  const { t, f } = useLang();
  const { data, error } = useRequest(call.request_id);
  if (call.request_id === null) return <p className="dim">{t.calls_.storyEmpty}</p>;
  if (error !== null && data === undefined) return <Failure error={error} />;
  if (data === undefined || data.id !== call.request_id) return <p className="dim">{t.loading}</p>;
  const events: Event[] = [
    ...data.calls.map((it) => ({ at: Date.parse(it.time ?? ''), call: it })),
    ...data.marks.map((it) => ({ at: Date.parse(it.time ?? ''), mark: it })),
  ].sort((a, b) => (a.at || 0) - (b.at || 0));
  return (
    <>
      <p className={`mono ${styles.id}`}>{call.request_id}</p>
      <ol className={styles.events} data-happened>
        {events.map((event, index) => (
          <li key={index} className={'mark' in event ? styles.mark : ''}>
            <span className={`${styles.time} num`}>{Number.isNaN(event.at) ? '–' : f.exact(event.at).split(', ').at(-1)}</span>
            <div className={styles.what}>
              {'mark' in event ? <MarkEvent mark={event.mark} /> : <CallEvent call={event.call} />}
            </div>
          </li>
        ))}
      </ol>
      <Lacking sentences={data.lacking} />
      {data.marks.length > 0 ? <p className={styles.note}>{t.calls_.markNote}</p> : <p className={styles.note}>{t.calls_.joinedHint[call.joined]}</p>}
    </>
  );
}

function CallEvent({ call }: { call: Call }) {
  const { f } = useLang();
  return (
    <>
      <b>{call.source}</b> <Status status={call.status} /> {call.method} <span className="mono"><Logged text={call.target ?? ''} /></span>
      <div className="dim"><Named name={call.service} /> · {call.address} · {f.duration(call.duration)}</div>
    </>
  );
}

function MarkEvent({ mark }: { mark: Mark }) {
  const { t } = useLang();
  return (
    <>
      <b>{mark.source}</b> {t.calls_.callEntered} <b><Named name={mark.operation} /></b>
      {mark.line !== null && <pre><Logged text={mark.line} /></pre>}
    </>
  );
}

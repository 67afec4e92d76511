import type { Call } from '../api/types';
import { useLang } from '../lang/Lang';
import { Logged } from '../parts/Logged';
import { Named } from '../parts/Named';
import type { ColumnId } from './columns';
import styles from './Cell.module.css';

/** One field of a call, as a person reads it. */
export function Cell({ call, id }: { call: Call; id: ColumnId }) {
  const { t, f } = useLang();
  switch (id) {
    case 'time':
      return <span className="num">{call.time === null ? '–' : f.exact(call.time)}</span>;
    case 'status':
      return <Status status={call.status} />;
    case 'operations':
      return call.operations.length === 0 ? <span className="dim">–</span> : <>{call.operations.join(', ')}</>;
    case 'actor':
    case 'service':
      return <Named name={call[id]} />;
    case 'duration':
      return <span className="num">{f.duration(call.duration)}</span>;
    case 'bytes':
      return <span className="num">{f.bytes(call.bytes)}</span>;
    case 'joined':
      return <>{t.calls_.joined[call.joined]}</>;
    default:
      return call[id] === null || call[id] === '' ? <span className="dim">–</span> : <Logged text={call[id]} />;
  }
}

export function Status({ status }: { status: number | null }) {
  if (status === null) return <span className="dim">–</span>;
  const tone = status >= 500 ? styles.failed : status >= 400 ? styles.refused : '';
  return <span className={`num ${styles.status} ${tone}`}>{status}</span>;
}

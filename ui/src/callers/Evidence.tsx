import type { Candidate } from '../api/types';
import { useLang } from '../lang/Lang';
import { useScope } from '../view/Scope';
import { kindWord } from './kind';
import styles from './Evidence.module.css';

/** Of a long list, so many; the rest is a number. */
const SPELLED = 6;

/** What a person needs to guess who it is: where from, with what, what it calls, how often, since when. */
export function Evidence({ candidates }: { candidates: readonly Candidate[] }) {
  const { t, f } = useLang();
  const { now } = useScope();
  const [only] = candidates;
  if (candidates.length > 1 || only === undefined) {
    return (
      <>
        <p className={styles.many}>{t.callers.selected(f.count(candidates.length))}</p>
        <ul className={styles.callers}>
          {candidates.map((it) => <li key={it.id}>{it.proposed_name} <span className="mono">{it.addresses[0] ?? t.callers.noAddress}</span> <span className="dim num">{f.count(it.calls)}</span></li>)}
        </ul>
      </>
    );
  }
  const list = (of: readonly string[], count = of.length) => [...of.slice(0, SPELLED), ...(count > SPELLED ? [`+${f.count(count - SPELLED)}`] : [])].join(', ');
  const when = (at: string | null) => (at === null ? '–' : `${f.moment(at)} (${f.ago(at, now)})`);
  const agents = only.user_agents.map((it) => it || t.callers.noAgent);
  const rows: [string, string, boolean?][] = [
    [t.callers.kind, only.why !== '' ? t.callers.kindWhy(kindWord(only.kind, t), only.why) : kindWord(only.kind, t)],
    [t.columns.user_agent, list(agents), true],
    [t.columns.address, only.addresses.length === 0 ? t.callers.noAddress : list(only.addresses, only.address_count), true],
    [t.columns.operations, only.operations.length === 0 ? t.callers.noOperation : f.list(only.operations)],
    [t.columns.endpoint, list(only.endpoints), true],
    [t.columns.calls, only.not_found > 0 ? t.callers.notFound(f.count(only.calls), f.count(only.not_found)) : f.count(only.calls)],
    [t.columns.cadence, only.rhythm ?? t.callers.irregular],
    [t.columns.first, when(only.first)],
    [t.columns.last, when(only.last)],
  ];
  return (
    <dl className={styles.evidence}>
      {rows.map(([label, value, mono]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd className={mono === true ? 'mono' : 'num'}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

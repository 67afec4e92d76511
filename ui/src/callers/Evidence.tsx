import type { Caller } from '../api/types';
import { useLang } from '../lang/Lang';
import { useScope } from '../view/Scope';
import { cadence } from './rule';
import styles from './Evidence.module.css';

/** What a person needs to guess who it is: where from, with what, what it calls, how often, since when. */
export function Evidence({ callers }: { callers: readonly Caller[] }) {
  const { t, f } = useLang();
  const { now } = useScope();
  const [only] = callers;
  if (callers.length > 1 || only === undefined) {
    return (
      <>
        <p className={styles.many}>{t.callers.selected(f.count(callers.length))}</p>
        <ul className={styles.callers}>
          {callers.map((it) => (
            <li key={`${it.address} ${it.user_agent}`}>
              <span className="mono">{it.address ?? t.callers.noAddress}</span> {it.user_agent ?? t.callers.noAgent} <span className="dim num">{f.count(it.calls)}</span>
            </li>
          ))}
        </ul>
      </>
    );
  }
  const gap = cadence(only);
  const rows: [string, string, boolean?][] = [
    [t.columns.user_agent, only.user_agent ?? t.callers.noAgent, only.user_agent !== null],
    [t.columns.address, only.address ?? t.callers.noAddress, only.address !== null],
    [t.columns.operations, only.operations.length === 0 ? t.callers.noOperation : f.list(only.operations)],
    [t.columns.calls, f.count(only.calls)],
    [t.columns.cadence, gap === undefined ? (only.calls === 1 ? t.callers.once : t.callers.burst) : t.callers.cadence(f.span(gap))],
    [t.columns.first, `${f.day(only.first)}, ${f.clock(only.first)} (${f.ago(only.first, now)})`],
    [t.columns.last, `${f.day(only.last)}, ${f.clock(only.last)} (${f.ago(only.last, now)})`],
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

import { useMeta, useSources } from '../api/queries';
import type { SourceHealth } from '../api/types';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import screen from '../parts/Screen.module.css';
import { useScope } from '../view/Scope';
import { Coverage } from './Coverage';
import { refusals } from './refused';
import styles from './SourcesTab.module.css';

/** Where lines come from, and whether they still do. */
export function SourcesTab() {
  const { t, f } = useLang();
  const sources = useSources();
  const store = useMeta().data?.store;
  const rows = sources.data?.sources ?? [];
  const seen = rows.flatMap((it) => (it.from !== null && it.to !== null ? [Date.parse(it.from), Date.parse(it.to)] : []));
  const whole = { from: Math.min(...seen), to: Math.max(...seen) };
  return (
    <div className={screen.stack}>
      <Card title={t.settings.sources} query={sources}>
        {rows.length === 0 ? (
          <Empty icon="sources" title={t.settings.noSources}>
            <p>{t.settings.noSourcesHint}</p>
            <pre>{SAMPLE}</pre>
          </Empty>
        ) : (
          <div className={styles.scroll} tabIndex={0} role="region" aria-label={t.settings.sources}>
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col">{t.columns.source}</th>
                  <th scope="col">{t.settings.health}</th>
                  <th scope="col" className={styles.numeric}>{t.settings.lines}</th>
                  <th scope="col">{t.settings.coverage}</th>
                  <th scope="col">{t.settings.kind}</th>
                  <th scope="col">{t.settings.holds}</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((it) => (
                  <tr key={`${it.source} ${it.holds}`}>
                    <th scope="row">{it.source}</th>
                    <td><Health source={it} /></td>
                    <td className={`${styles.numeric} num`}>{f.count(it.lines)}</td>
                    <td><Coverage source={it} whole={whole} /></td>
                    <td>{it.kind ?? <span className="dim">–</span>}</td>
                    <td>{holds(it.holds, t.settings.holdsWords)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Card>
      {store && (
        <Card title={t.settings.store}>
          <dl className={styles.store}>
            <dt className="mono">{store.path}</dt>
            <dd className="num">
              {t.calls(store.calls, f.count(store.calls))}
              {store.from !== null && store.to !== null && <> · {t.panel.intro(f.time(store.from), f.time(store.to))}</>}
              {store.raw_bytes > 0 && <> · {t.settings.storeSize(f.bytes(store.segments_bytes), f.bytes(store.raw_bytes), f.share(store.segments_bytes, store.raw_bytes))}</>}
            </dd>
          </dl>
        </Card>
      )}
    </div>
  );
}

function holds(word: string, words: Readonly<Record<string, string>>): string {
  return words[word] ?? word;
}

function Health({ source }: { source: SourceHealth }) {
  const { t, f } = useLang();
  const { now } = useScope();
  const silent = source.silent_since ?? null;
  const heard = source.heard ?? source.to;
  const { problem, files } = source;
  const gaps = t.settings.gaps(source.gaps.length, f.count(source.gaps.length));
  const [tone, text] =
    source.lines === 0 ? [styles.quiet, t.settings.never] : silent !== null ? [styles.silent, t.settings.silent(f.time(silent))] : [styles.speaking, t.settings.speaking];
  return (
    <span className={styles.health}>
      <span className={`${styles.dot} ${problem === null ? tone : styles.silent}`} />
      <span>
        {text}
        <span className="dim"> · {gaps}{heard !== null && ` · ${f.ago(Math.min(Date.parse(heard), now), now)}`}</span>
        {files !== null && <span className="dim"> · {t.settings.files(files, f.count(files))}</span>}
        {problem !== null && (
          <span className={styles.network} data-problem>
            {source.problem_since !== null && `${t.settings.notRead(f.time(source.problem_since))} `}
            <span className="mono">{problem}</span>
          </span>
        )}
        {source.network && <Network network={source.network} />}
      </span>
    </span>
  );
}

/** Who sends over the network, and what was not taken. */
function Network({ network }: { network: NonNullable<SourceHealth['network']> }) {
  const { t, f } = useLang();
  const refused = refusals(network.refused, t, f);
  return (
    <span className={styles.network}>
      <span className="dim">{t.settings.connected(f.count(network.connections))}</span>
      {refused !== '' && <span data-refused> · {t.settings.refused} {refused}</span>}
    </span>
  );
}

const SAMPLE = `[[source]]
name = "proxy"
kind = "file"
path = "/var/log/apache2/access.log*"
holds = "calls"`;

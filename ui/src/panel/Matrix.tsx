import type { Panel } from '../api/types';
import { useColours } from '../chart/useColours';
import { useLang } from '../lang/Lang';
import { Named } from '../parts/Named';
import { pill } from '../query/pill';
import { useView } from '../view/useView';
import styles from './Matrix.module.css';

/** Calls of each actor on each service: who has moved, and who has not. */
export function Matrix({ panel }: { panel: Panel }) {
  const { t, f } = useLang();
  const { add } = useView();
  const { isMonolith, service: colour } = useColours();
  const services = panel.services.map((it) => it.service).sort((a, b) => Number(isMonolith(b)) - Number(isMonolith(a)));
  const actors = panel.actors.map((it) => it.actor);
  const of = (actor: string | null, service: string | null) => panel.actor_service.find((it) => it.actor === actor && it.service === service)?.calls ?? 0;
  if (services.length < 2) return null;
  return (
    <div className={styles.matrix}>
      <h3>{t.panel.matrix}</h3>
      <div className={styles.scroll} tabIndex={0} role="region" aria-label={t.panel.matrixHint}>
        <table>
          <caption className="hidden">{t.panel.matrixHint}</caption>
          <thead>
            <tr>
              <th scope="col"><span className="hidden">{t.columns.actor}</span></th>
              {services.map((service) => <th key={String(service)} scope="col"><Named name={service} /></th>)}
              <th scope="col">{t.panel.moved}</th>
            </tr>
          </thead>
          <tbody>
            {actors.map((actor) => {
              const all = services.reduce((sum, it) => sum + of(actor, it), 0);
              const moved = services.filter((it) => !isMonolith(it)).reduce((sum, it) => sum + of(actor, it), 0);
              return (
                <tr key={String(actor)}>
                  <th scope="row"><Named name={actor} /></th>
                  {services.map((service) => {
                    const calls = of(actor, service);
                    const strength = all === 0 || calls === 0 ? 0 : 8 + 34 * (calls / all);
                    return (
                      <td key={String(service)} className="num">
                        <button
                          type="button"
                          className={`plain ${styles.cell} ${calls === 0 ? styles.none : ''}`}
                          style={{ background: `color-mix(in srgb, ${colour(service)} ${strength}%, transparent)` }}
                          onClick={() => add(pill('actor', actor), pill('service', service))}
                        >
                          {f.count(calls)}
                        </button>
                      </td>
                    );
                  })}
                  <td className="num">{f.share(moved, all)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </div>
  );
}

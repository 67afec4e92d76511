import { useLang } from '../lang/Lang';
import { Icon } from '../theme/Icon';
import type { Verdict } from '../verdict/types';
import styles from './Gates.module.css';

/** What must have been watched before silence may speak, and where logs are missing. */
export function Gates({ gates, gaps }: Pick<Verdict, 'gates' | 'gaps'>) {
  const { t, f } = useLang();
  return (
    <section>
      <h3>{t.verdict.gatesTitle}</h3>
      <ul className={styles.gates}>
        {gates.map((it) => (
          <li key={it.gate} className={it.is_met ? styles.met : ''}>
            <Icon name={it.is_met ? 'check' : 'clock'} size={14} />
            <span>
              {t.verdict.gates[it.gate] ?? it.gate}
              <span className={styles.when}>{it.is_met ? t.verdict.met : it.from === null ? t.verdict.unmet : t.verdict.metFrom(f.day(it.from))}</span>
            </span>
          </li>
        ))}
      </ul>
      <h3 className={styles.gapsHead}>{t.verdict.gapsTitle}</h3>
      {gaps.length === 0 ? (
        <p className={styles.none}>{t.verdict.noGaps}</p>
      ) : (
        <ul className={`${styles.gaps} num`}>{gaps.map((it) => <li key={it.from}>{t.verdict.gap(f.moment(it.from), f.moment(it.to))}</li>)}</ul>
      )}
    </section>
  );
}

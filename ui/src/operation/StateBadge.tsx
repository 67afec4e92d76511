import { useLang } from '../lang/Lang';
import type { State } from './state';
import styles from './StateBadge.module.css';

export function StateBadge({ state }: { state: State }) {
  const { t } = useLang();
  return <span className={`${styles.badge} ${styles[state]}`}>{t.operations.states[state]}</span>;
}

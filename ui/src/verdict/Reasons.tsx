import styles from './Reasons.module.css';
import { sentence } from './said';
import type { Reason } from './types';

/** Why a verdict is what it is, the most important first, with numbers that a person can check. */
export function Reasons({ reasons }: { reasons: readonly Reason[] }) {
  return (
    <ul className={styles.reasons}>
      {reasons.map((it) => <li key={it.text} data-reason={it.code}>{sentence(it.text)}</li>)}
    </ul>
  );
}

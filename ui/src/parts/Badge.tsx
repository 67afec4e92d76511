import type { ReactNode } from 'react';

import styles from './Badge.module.css';

export type Tone = 'plain' | 'good' | 'accent' | 'waiting' | 'danger' | 'dim' | 'outline';

/** A word that says how something stands. */
export function Badge({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`${styles.badge} ${styles[tone]}`}>{children}</span>;
}

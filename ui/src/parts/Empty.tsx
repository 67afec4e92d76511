import type { ReactNode } from 'react';

import { Icon, type IconName } from '../theme/Icon';
import styles from './Empty.module.css';

/** Nothing is there; what to do next. */
export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <span className={styles.icon}><Icon name={icon} size={26} /></span>
      <h2>{title}</h2>
      <div className={styles.text}>{children}</div>
    </div>
  );
}

import { useEffect, type ReactNode } from 'react';

import styles from './ScreenHead.module.css';

/** The name of a screen, in the page and in the browser's tab. */
export function ScreenHead({ title, hint, children }: { title: string; hint?: ReactNode; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · dolmen`;
  }, [title]);
  return (
    <div className={styles.head}>
      <h1>{title}</h1>
      {hint !== undefined && <span className={`${styles.hint} num`}>{hint}</span>}
      {children !== undefined && <div className={styles.side}>{children}</div>}
    </div>
  );
}

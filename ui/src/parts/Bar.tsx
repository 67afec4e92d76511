import styles from './Bar.module.css';

/** A number with a bar as long as its part of the largest. */
export function Bar({ part, text }: { part: number; text: string }) {
  return (
    <span className={styles.bar}>
      <span className={styles.track}><span className={styles.fill} style={{ width: `${Math.max(part * 100, part > 0 ? 2 : 0)}%` }} /></span>
      <span className={`num ${styles.text}`}>{text}</span>
    </span>
  );
}

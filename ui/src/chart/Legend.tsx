import { useLang } from '../lang/Lang';
import styles from './Legend.module.css';

export interface Key {
  id: string;
  colour: string;
  name: string | null;
  onClick?: () => void;
}

/** The colours' names; each is a button where it filters, so that the keyboard reaches it. */
export function Legend({ keys }: { keys: readonly Key[] }) {
  const { t } = useLang();
  return (
    <ul className={styles.legend}>
      {keys.map(({ id, colour, name, onClick }) => {
        const inside = (
          <>
            <span className={styles.swatch} style={{ background: colour }} />
            <span className={`truncate ${name === null ? 'unknown' : ''}`}>{name ?? t.unknown}</span>
          </>
        );
        return (
          <li key={id}>
            {onClick === undefined ? (
              <span className={styles.key}>{inside}</span>
            ) : (
              <button type="button" className={`plain ${styles.key}`} title={t.filterBy(name ?? t.unknown)} onClick={onClick}>{inside}</button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

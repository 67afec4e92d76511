import { useLang } from '../lang/Lang';
import { Icon } from '../theme/Icon';
import styles from './Lacking.module.css';

/** What cannot be read, and so is not in what is shown: a sentence a segment of the store. */
export function Lacking({ sentences, counted = false }: {
  sentences: readonly string[] | undefined;
  /** Whether counts of hours and days stand in for the lines. */
  counted?: boolean;
}) {
  const { t } = useLang();
  const all = [...new Set(sentences)];
  if (all.length === 0) return null;
  return (
    <div role="note" className={styles.lacking} data-lacking>
      <Icon name="warning" />
      <div>
        <b>{counted ? t.lackingCounted : t.lacking}</b>
        <ul>{all.map((it) => <li key={it}>{it}</li>)}</ul>
      </div>
    </div>
  );
}

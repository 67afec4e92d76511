import { useLang } from '../lang/Lang';
import styles from './Logged.module.css';
import { pieces } from './masks';

/** A text as it was logged; masks are told from what stands around them. */
export function Logged({ text }: { text: string }) {
  const { t } = useLang();
  return (
    <>
      {pieces(text).map((it, at) => (it.mask === undefined ? it.text : <span key={at} className={styles.mask} title={t.personal.was[it.mask]}>{it.text}</span>))}
    </>
  );
}

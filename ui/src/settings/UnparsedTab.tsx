import { useUnparsed } from '../api/queries';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { Empty } from '../parts/Empty';
import { Logged } from '../parts/Logged';
import styles from './UnparsedTab.module.css';

/** Lines that no format reads: none is dropped in silence. */
export function UnparsedTab() {
  const { t, f } = useLang();
  const unparsed = useUnparsed();
  const { data } = unparsed;
  if (data !== undefined && data.lines.length === 0) return <Empty icon="check" title={t.settings.unparsedNone}><p>{t.settings.unparsedHint}</p></Empty>;
  return (
    <Card title={data === undefined ? t.settings.unparsed : t.settings.unparsedTotal(data.total, f.count(data.total))} query={unparsed}>
      <ul className={styles.lines}>
        {data?.lines.map((it) => (
          <li key={`${it.file}:${it.line}`}>
            <div className={styles.where}>
              <span className="mono">{it.file}:{f.count(it.line)}:{it.column}</span>
              <span className="dim">{t.settings.expected} {it.expected}</span>
            </div>
            <pre><Logged text={visible(it.text)} /></pre>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** Control characters would be invisible. */
function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

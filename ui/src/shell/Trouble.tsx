import { Problem } from '../api/client';
import { useMeta } from '../api/queries';
import { useLang } from '../lang/Lang';
import { Icon } from '../theme/Icon';
import { useView } from '../view/useView';
import styles from './Trouble.module.css';

/** What stands over every screen when something about the whole page is wrong. */
export function Trouble() {
  const { t, f } = useLang();
  const { view, change } = useView();
  const { error, data } = useMeta();
  const { time, pills } = view.broken;
  const unreachable = error instanceof Problem && error.status === 0;
  const mangled = [...(time === undefined ? [] : [t.time.broken]), ...pills.map((it) => t.query.brokenPill(it))];
  const refused = data?.rules.problem ?? null;
  const deriving = data?.rules.deriving === true;
  if (!unreachable && mangled.length === 0 && refused === null && !deriving) return null;
  return (
    <div role="alert" className={`${styles.trouble} ${unreachable ? styles.bad : ''}`}>
      <Icon name="warning" />
      <span>
        {unreachable ? <><b>{t.problem.unreachable}.</b> {t.problem.unreachableHint}</> : mangled.length > 0 ? mangled.join(' ') : refused !== null ? <><b>{t.problem.rules}.</b> {refused}</> : t.problem.deriving(f.count(data?.rules.derived ?? 0))}
      </span>
      {mangled.length > 0 && (
        <button type="button" className={`plain ${styles.close}`} aria-label={t.close} onClick={() => change({})}>
          <Icon name="close" size={14} />
        </button>
      )}
    </div>
  );
}

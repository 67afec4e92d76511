import { Menu } from '@mantine/core';

import { useLang } from '../lang/Lang';
import { pillValue, writePill, type Pill } from '../query/pill';
import { Icon } from '../theme/Icon';
import { useView } from '../view/useView';
import styles from './Pills.module.css';

/** Conditions beside the query; each can be turned round, put aside and removed. */
export function Pills() {
  const { t } = useLang();
  const { view, change } = useView();
  const { pills } = view;
  if (pills.length === 0) return null;
  const replace = (index: number, by: Pill | null) =>
    change({ pills: pills.flatMap((it, at) => (at === index ? (by === null ? [] : [by]) : [it])) });
  return (
    <ul className={styles.pills} aria-label={t.query.pills}>
      {pills.map((it, index) => (
        <li key={writePill(it)} className={`${styles.pill} ${it.not ? styles.not : ''} ${it.off ? styles.aside : ''}`}>
          <Menu position="bottom-start" shadow="md" withinPortal>
            <Menu.Target>
              <button type="button" className={`plain ${styles.text}`} aria-label={t.query.actions(read(it, t.query.not, t.unknown))}>
                {it.not && <b>{t.query.not} </b>}
                <span className={styles.name}>{it.field}{it.operator === ':' ? '' : ` ${it.operator}`}</span>{' '}
                <span className={pillValue(it) === null ? 'unknown' : ''}>{pillValue(it) ?? t.unknown}</span>
              </button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<Icon name="not" />} onClick={() => replace(index, { ...it, not: !it.not })}>
                {it.not ? t.query.affirm : t.query.negate}
              </Menu.Item>
              <Menu.Item leftSection={<Icon name={it.off ? 'eye' : 'hide'} />} onClick={() => replace(index, { ...it, off: !it.off })}>
                {it.off ? t.query.enable : t.query.disable}
              </Menu.Item>
              <Menu.Item leftSection={<Icon name="close" />} onClick={() => replace(index, null)}>{t.query.remove}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <button type="button" className={`plain ${styles.remove}`} aria-label={`${t.query.remove}: ${read(it, t.query.not, t.unknown)}`} onClick={() => replace(index, null)}>
            <Icon name="close" size={13} />
          </button>
        </li>
      ))}
      {pills.length > 1 && (
        <li>
          <button type="button" className={`plain ${styles.all}`} onClick={() => change({ pills: [] })}>{t.query.removeAll}</button>
        </li>
      )}
    </ul>
  );
}

function read(it: Pill, not: string, unknown: string): string {
  return `${it.not ? `${not} ` : ''}${it.field} ${it.operator === ':' ? '' : `${it.operator} `}${pillValue(it) ?? unknown}`;
}

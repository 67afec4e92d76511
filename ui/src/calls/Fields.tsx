import { ActionIcon, Tooltip } from '@mantine/core';

import type { Call } from '../api/types';
import { useLang } from '../lang/Lang';
import { Icon } from '../theme/Icon';
import { useView } from '../view/useView';
import { Cell } from './Cell';
import { COLUMN_IDS, COLUMNS, pillsOf } from './columns';
import styles from './Fields.module.css';

/** All fields of a call; beside each that can be asked for, a plus and a minus. */
export function Fields({ call }: { call: Call }) {
  const { t } = useLang();
  const { add } = useView();
  return (
    <dl className={styles.fields}>
      {COLUMN_IDS.map((id) => {
        const pills = pillsOf(call, id);
        return (
          <div key={id}>
            <dt>{t.columns[id]}</dt>
            <dd>
              <span className={`${styles.value} ${COLUMNS[id].mono ? 'mono' : ''}`}><Cell call={call} id={id} /></span>
              <span className={styles.tools}>
              {pills.length > 0 && (
                <>
                  <Tooltip label={t.calls_.addFilter(t.columns[id].toLowerCase())}>
                    <ActionIcon variant="subtle" color="gray" size={24} aria-label={t.calls_.addFilter(t.columns[id])} onClick={() => add(...pills)}>
                      <Icon name="plus" size={14} />
                    </ActionIcon>
                  </Tooltip>
                  <Tooltip label={t.calls_.dropFilter(t.columns[id].toLowerCase())}>
                    <ActionIcon variant="subtle" color="gray" size={24} aria-label={t.calls_.dropFilter(t.columns[id])} onClick={() => add(...pills.map((it) => ({ ...it, not: true })))}>
                      <Icon name="not" size={14} />
                    </ActionIcon>
                  </Tooltip>
                </>
              )}
              </span>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

import { Tooltip } from '@mantine/core';

import { useLang } from '../lang/Lang';
import styles from './StateBadge.module.css';
import type { State } from './types';

/** The state of a verdict; what it means is said when one points at it. */
export function StateBadge({ state }: { state: State }) {
  const { t } = useLang();
  return (
    <Tooltip label={t.verdict.stateHint[state] ?? state} multiline maw={280}>
      <span className={`${styles.badge} ${styles[state]}`} tabIndex={0}>{t.verdict.states[state] ?? state}</span>
    </Tooltip>
  );
}

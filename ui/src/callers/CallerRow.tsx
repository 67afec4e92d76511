import { Checkbox } from '@mantine/core';

import type { Caller } from '../api/types';
import { useLang } from '../lang/Lang';
import { useScope } from '../view/Scope';
import styles from './CallerRow.module.css';

interface Props {
  id: string;
  caller: Caller;
  current: boolean;
  selected: boolean;
  /** Calls of the busiest, whose bar is full. */
  most: number;
  onOpen: () => void;
  onSelect: () => void;
}

export function CallerRow({ id, caller, current, selected, most, onOpen, onSelect }: Props) {
  const { t, f } = useLang();
  const { now } = useScope();
  const agent = caller.user_agent ?? t.callers.noAgent;
  return (
    <li id={id} className={`${styles.row} ${current ? styles.current : ''}`}>
      <Checkbox size="xs" checked={selected} aria-label={`${t.callers.select}: ${agent} ${caller.address ?? ''}`} onChange={onSelect} />
      <button type="button" className={`plain ${styles.open}`} aria-current={current} onClick={onOpen}>
        <span className={styles.top}>
          <span className={`${styles.agent} truncate`}>{agent}</span>
          <span className={`${styles.calls} num`}>{f.count(caller.calls)}</span>
        </span>
        <span className={styles.bottom}>
          <span className="mono">{caller.address ?? t.callers.noAddress}</span>
          <span className="truncate">{caller.operations.length === 0 ? t.callers.noOperation : caller.operations.join(', ')}</span>
          <span className={styles.ago}>{f.ago(caller.last, now)}</span>
        </span>
        <span className={styles.track}><span style={{ width: `${(caller.calls / most) * 100}%` }} /></span>
      </button>
    </li>
  );
}

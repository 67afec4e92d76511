import { Checkbox } from '@mantine/core';

import type { Candidate } from '../api/types';
import { useLang } from '../lang/Lang';
import { useScope } from '../view/Scope';
import styles from './CandidateRow.module.css';
import { kindWord } from './kind';

interface Props {
  id: string;
  candidate: Candidate;
  current: boolean;
  selected: boolean;
  /** Calls of the busiest, whose bar is full. */
  most: number;
  onOpen: () => void;
  onSelect: () => void;
}

/** One line of the inbox: who it may be, from where, and how often. */
export function CandidateRow({ id, candidate, current, selected, most, onOpen, onSelect }: Props) {
  const { t, f } = useLang();
  const { now } = useScope();
  const { proposed_name: name, addresses, operations } = candidate;
  const [address = t.callers.noAddress] = addresses;
  const from = addresses.length > 1 ? `${address} +${f.count(addresses.length - 1)}` : address;
  return (
    <li id={id} className={`${styles.row} ${current ? styles.current : ''}`} data-candidate={candidate.kind}>
      <Checkbox size="xs" checked={selected} aria-label={`${t.callers.select}: ${name}`} onChange={onSelect} />
      <button type="button" className={`plain ${styles.open}`} aria-current={current} onClick={onOpen}>
        <span className={styles.top}>
          <span className={`${styles.agent} truncate`}>{name}</span>
          <span className={styles.kind}>{kindWord(candidate.kind, t)}</span>
          <span className={`${styles.calls} num`}>{f.count(candidate.calls)}</span>
        </span>
        <span className={styles.bottom}>
          <span className="mono">{from}</span>
          <span className="truncate">{operations.length === 0 ? t.callers.noOperation : operations.join(', ')}</span>
          <span className={styles.ago}>{candidate.rhythm ?? (candidate.last === null ? '' : f.ago(candidate.last, now))}</span>
        </span>
        <span className={styles.track}><span style={{ width: `${(candidate.calls / most) * 100}%` }} /></span>
      </button>
    </li>
  );
}

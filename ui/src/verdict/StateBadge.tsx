import { Tooltip } from '@mantine/core';

import { useLang } from '../lang/Lang';
import { Badge, type Tone } from '../parts/Badge';
import type { State } from './types';

const TONES: Record<State, Tone> = { residual: 'danger', safe: 'good', retired: 'good', fading: 'waiting', silent: 'waiting', never_seen: 'outline' };

/** The state of a verdict; what it means is said when one points at it. */
export function StateBadge({ state }: { state: State }) {
  const { t } = useLang();
  return (
    <Tooltip label={t.verdict.stateHint[state] ?? state} multiline maw={280}>
      <span tabIndex={0}><Badge tone={TONES[state] ?? 'plain'}>{t.verdict.states[state] ?? state}</Badge></span>
    </Tooltip>
  );
}

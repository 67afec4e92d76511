import { useLang } from '../lang/Lang';
import { Badge, type Tone } from '../parts/Badge';
import type { State } from './state';

const TONES: Record<State, Tone> = { residual: 'danger', retired: 'good', elsewhere: 'accent', silent: 'dim', in_use: 'plain' };

export function StateBadge({ state }: { state: State }) {
  const { t } = useLang();
  return <Badge tone={TONES[state]}>{t.operations.states[state]}</Badge>;
}

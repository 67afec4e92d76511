import { useMemo, type ReactNode } from 'react';

import { InFormat, useLang } from '../lang/Lang';
import { byClocks } from './clocks';
import type { ClockChange } from './types';

/** Verdicts live by their callers' clocks: a job of the first of the month is not shown on the last of the one before. */
export function ByClocks({ clocks, children }: { clocks: readonly ClockChange[] | undefined; children: ReactNode }) {
  const { f } = useLang();
  const shown = useMemo(() => (clocks === undefined ? f : byClocks(f, clocks)), [f, clocks]);
  return <InFormat f={shown}>{children}</InFormat>;
}

import { createContext, useContext, useMemo, type ReactNode } from 'react';

import { parse, type Fault } from '../query/parse';
import { combine } from '../query/pill';
import { bounds } from './time';
import { useView } from './useView';

/** What every chart and table asks for, so that all show the same instant. */
export interface Scope {
  params: { from?: string; to?: string; where?: string };
  now: number;
  /** The end of what is looked at, no later than now: what is retired only then is not yet retired. */
  asOf: number;
  /** What is wrong with the typed query; it is then left out. */
  fault: Fault | undefined;
  /** Where the typed query starts in `where`. */
  typedAt: number;
}

const Context = createContext<Scope | null>(null);

/** `now` moves only when new calls arrived or somebody asked. */
export function ScopeProvider({ now, children }: { now: number; children: ReactNode }) {
  const { view } = useView();
  const { range, typed, pills } = view;
  const scope = useMemo<Scope>(() => {
    const { fault } = parse(typed);
    const { where, typedAt } = combine(fault === undefined ? typed : '', pills);
    const found = bounds(range, now);
    const time = found === undefined ? {} : { from: new Date(found.from).toISOString(), to: new Date(found.to).toISOString() };
    return { params: { ...time, ...(where === '' ? {} : { where }) }, now, asOf: Math.min(now, found?.to ?? now), fault, typedAt };
  }, [range, typed, pills, now]);
  return <Context value={scope}>{children}</Context>;
}

export function useScope(): Scope {
  const scope = useContext(Context);
  if (scope === null) throw new Error('outside ScopeProvider');
  return scope;
}

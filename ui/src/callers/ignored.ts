import { useState } from 'react';

import { keep, kept } from '../view/kept';

/** Candidates that somebody does not want to see for now, each until an instant. */
export type Ignored = Readonly<Record<string, number>>;

/** What the browser kept, without what is over. */
export function readIgnored(text: string | null, now: number): Ignored {
  try {
    const read: unknown = JSON.parse(text ?? '{}');
    if (typeof read !== 'object' || read === null) return {};
    return Object.fromEntries(Object.entries(read).filter((it): it is [string, number] => typeof it[1] === 'number' && it[1] > now));
  } catch {
    return {};
  }
}

interface UsedIgnored {
  ignored: Ignored;
  /** Until an instant; `null` shows it again. */
  ignore: (id: string, until: number | null) => void;
}

/** It is one reader's wish, so it stays in that reader's browser: alerts come all the same. */
export function useIgnored(): UsedIgnored {
  const [ignored, setIgnored] = useState<Ignored>(() => readIgnored(kept('ignored'), Date.now()));
  const ignore = (id: string, until: number | null) => {
    const { [id]: _, ...others } = ignored;
    const next = until === null ? others : { ...others, [id]: until };
    keep('ignored', JSON.stringify(next));
    setIgnored(next);
  };
  return { ignored, ignore };
}

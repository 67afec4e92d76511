import { useCallback, useMemo } from 'react';
import { useLocation, useNavigate, useSearchParams } from 'react-router';

import { addPill, type Pill } from '../query/pill';
import { linkTo, readView, spell, writeView, type Change, type View } from './view';

interface UsedView {
  view: View;
  search: URLSearchParams;
  /** Writes the address; each change is a step that "back" undoes. */
  change: (change: Change) => void;
  add: (...pills: Pill[]) => void;
  /** The address of another screen with this view. */
  link: (path: string, change?: Change & { add?: Pill[] }, own?: Record<string, string>) => string;
  /** Parameters of the screen itself; without a trace in the history. */
  own: (name: string, value: string | null) => void;
}

export function useView(): UsedView {
  const [search] = useSearchParams();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const view = useMemo(() => readView(search), [search]);

  const change = useCallback(
    (wanted: Change) => void navigate({ pathname, search: spell(writeView(search, wanted)) }),
    [navigate, pathname, search],
  );
  const add = useCallback(
    (...pills: Pill[]) => change({ pills: pills.reduce<Pill[]>(addPill, readView(search).pills) }),
    [change, search],
  );
  const link = useCallback(
    (path: string, wanted: Change & { add?: Pill[] } = {}, own: Record<string, string> = {}) => linkTo(path, search, wanted, own),
    [search],
  );
  const own = useCallback(
    (name: string, value: string | null) => {
      const next = new URLSearchParams(search);
      if (value === null) next.delete(name);
      else next.set(name, value);
      void navigate({ pathname, search: spell(next) }, { replace: true });
    },
    [navigate, pathname, search],
  );
  return { view, search, change, add, link, own };
}

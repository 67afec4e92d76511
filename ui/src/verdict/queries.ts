import type { UseQueryResult } from '@tanstack/react-query';

import { api } from '../api/client';
import { useAnswer, useMasked } from '../api/queries';
import { useLang } from '../lang/Lang';
import { useScope } from '../view/Scope';
import { useView } from '../view/useView';
import type { Verdicts } from './types';

/** The instant that verdicts are asked for: the end of a fixed range; nothing means now. */
export function useAsOf(): string | undefined {
  const { view } = useView();
  const { params } = useScope();
  return view.range.kind === 'between' ? params.to : undefined;
}

/** Verdicts of every operation, or of one. */
export function useVerdicts(of: { operation?: string; service?: string } = {}): UseQueryResult<Verdicts> {
  const at = useAsOf();
  const { lang } = useLang();
  const query = { ...of, lang, ...(at === undefined ? {} : { at }), ...useMasked() };
  return useAnswer('/verdicts', query, (signal) => api.GET('/api/v1/verdicts', { params: { query }, signal }));
}

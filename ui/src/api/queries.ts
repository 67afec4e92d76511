import { keepPreviousData, useInfiniteQuery, useQuery, type UseQueryResult } from '@tanstack/react-query';

import { combine, type Pill } from '../query/pill';
import { useScope } from '../view/Scope';
import { get, type Params } from './client';
import type { Alert, Burndown, Caller, CallPage, Config, Meta, OneRequest, Panel, SourceHealth, Timeline, TimelineBy, UnparsedLine } from './types';

const PAGE = 200;

/** Reads a resource; what was there stays on screen while the next answer is on its way. */
function useResource<T>(path: string, params: Params = {}, enabled = true): UseQueryResult<T> {
  return useQuery({
    queryKey: [path, params],
    queryFn: ({ signal }) => get<T>(path, params, signal),
    placeholderData: keepPreviousData,
    enabled,
  });
}

/** The scope's parameters, narrowed by pills that belong to the screen and not to the address. */
export function useParams(extra: readonly Pill[] = []): Params {
  const { params } = useScope();
  if (extra.length === 0) return params;
  const { where } = combine(params.where ?? '', extra);
  return { ...params, where };
}

export const useMeta = () => useResource<Meta>('/meta');
/** With `since`, nothing before that day counts. */
export function usePanel(extra: readonly Pill[] = [], since?: string) {
  const params = useParams(extra);
  const start = since === undefined ? undefined : new Date(since).toISOString();
  const later = start !== undefined && (params['from'] === undefined || String(params['from']) < start);
  return useResource<Panel>('/panel', later ? { ...params, from: start } : params);
}
export const useTimeline = (by: TimelineBy, extra: readonly Pill[] = []) => useResource<Timeline>('/timeline', { ...useParams(extra), by });
export const useBurndown = () => useResource<Burndown>('/burndown', { every: 'month' });
export const useSources = () => useResource<{ sources: SourceHealth[] }>('/sources');
export const useAlerts = (state: 'open' | 'all') => useResource<{ alerts: Alert[] }>('/alerts', { state });
export const useConfig = () => useResource<Config>('/config');
export const useUnparsed = () => useResource<{ lines: UnparsedLine[]; total: number }>('/unparsed', { limit: 200 });
export const useRequest = (id: string | null) => useResource<OneRequest>(`/requests/${encodeURIComponent(id ?? '')}`, {}, id !== null);

/** Callers are counted by actor and operation alone: no query narrows them further. */
export function useCallers(of: { actor?: string; operation?: string }) {
  const { from, to } = useScope().params;
  const time = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  return useResource<{ callers: Caller[] }>('/callers', { ...time, ...of, limit: 500 });
}

export function useCalls(extra: readonly Pill[] = [], limit = PAGE) {
  const params = { ...useParams(extra), limit };
  return useInfiniteQuery({
    queryKey: ['/calls', params],
    queryFn: ({ pageParam, signal }) => get<CallPage>('/calls', { ...params, ...(pageParam === null ? {} : { cursor: pageParam }) }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
}

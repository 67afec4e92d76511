import { keepPreviousData, useInfiniteQuery, useQuery, type UseQueryResult } from '@tanstack/react-query';

import { useLang } from '../lang/Lang';
import { combine, type Pill } from '../query/pill';
import { useScope } from '../view/Scope';
import { useView } from '../view/useView';
import { answer, api } from './client';
import type { TimelineBy } from './types';

const PAGE = 200;

type Asking<T> = (signal: AbortSignal) => Promise<{ data?: T; error?: unknown; response: Response }>;

/** Reads a resource; what was there stays on screen while the next answer is on its way. */
export function useAnswer<T>(path: string, params: object, ask: Asking<T>, { enabled = true, every }: { enabled?: boolean; every?: number } = {}): UseQueryResult<NonNullable<T>> {
  return useQuery({
    queryKey: [path, params],
    queryFn: async ({ signal }) => (await answer(ask(signal))) as NonNullable<T>,
    placeholderData: keepPreviousData,
    enabled,
    refetchInterval: every ?? false,
  }) as UseQueryResult<NonNullable<T>>;
}

export interface ScopeParams {
  from?: string;
  to?: string;
  where?: string;
}

/** The scope's parameters, narrowed by pills that belong to the screen and not to the address. */
export function useParams(extra: readonly Pill[] = []): ScopeParams {
  const { params } = useScope();
  if (extra.length === 0) return params;
  const { where } = combine(params.where ?? '', extra);
  return { ...params, where };
}

/** What says that personal data is to be shown; nothing where it is not. */
export function useMasked(): { masked?: false } {
  return useView().view.personal ? { masked: false } : {};
}

export const useMeta = () => useAnswer('/meta', {}, (signal) => api.GET('/api/v1/meta', { signal }));

/** With `since`, nothing before that day counts. */
export function usePanel(extra: readonly Pill[] = [], since?: string) {
  const params = useParams(extra);
  const start = since === undefined ? undefined : new Date(since).toISOString();
  const later = start !== undefined && (params.from === undefined || params.from < start);
  const query = later ? { ...params, from: start } : params;
  return useAnswer('/panel', query, (signal) => api.GET('/api/v1/panel', { params: { query }, signal }));
}

export function useTimeline(by: TimelineBy, extra: readonly Pill[] = []) {
  const query = { ...useParams(extra), by };
  return useAnswer('/timeline', query, (signal) => api.GET('/api/v1/timeline', { params: { query }, signal }));
}

export const useBurndown = () => useAnswer('/burndown', {}, (signal) => api.GET('/api/v1/burndown', { signal }));
/** Who is refused and who is silent commits nothing, so nobody is told: it is asked again and again. */
export const useSources = () => useAnswer('/sources', {}, (signal) => api.GET('/api/v1/sources', { signal }), { every: 10_000 });
/** Alerts, which the server says in the reader's language. */
export function useAlerts(state: 'open' | 'all') {
  const { lang } = useLang();
  const query = { state, lang, ...useMasked() };
  return useAnswer('/alerts', query, (signal) => api.GET('/api/v1/alerts', { params: { query }, signal }));
}
/** What somebody would have been told, had the watch begun so many days ago. */
export function useWouldTell(days: number, enabled: boolean) {
  const { lang } = useLang();
  const query = { days, lang, ...useMasked() };
  return useAnswer('/alerts/try', query, (signal) => api.GET('/api/v1/alerts/try', { params: { query }, signal }), { enabled });
}
/** Every kind of alert, and whether somebody is told of it. */
export const useAlertKinds = () => useAnswer('/alerts/kinds', {}, (signal) => api.GET('/api/v1/alerts/kinds', { signal }));
/** The lines of the marks without a call that an alert counts. */
export function useAlertMarks(id: number, enabled: boolean) {
  const query = useMasked();
  return useAnswer('/alerts/marks', { id, ...query }, (signal) => api.GET('/api/v1/alerts/{id}/marks', { params: { path: { id }, query }, signal }), { enabled });
}
export const useConfig = () => useAnswer('/config', {}, (signal) => api.GET('/api/v1/config', { signal }));
export function useUnparsed() {
  const query = { limit: 200, ...useMasked() };
  return useAnswer('/unparsed', query, (signal) => api.GET('/api/v1/unparsed', { params: { query }, signal }));
}
export function useRequest(id: string | null) {
  const query = useMasked();
  return useAnswer('/requests', { id, ...query }, (signal) => api.GET('/api/v1/requests/{id}', { params: { path: { id: id ?? '' }, query }, signal }), { enabled: id !== null });
}

/** The scope's time alone. */
export function useTime(): { from?: string; to?: string } {
  const { where: _, ...time } = useScope().params;
  return time;
}

/** Callers are counted by actor and operation alone: no query narrows them further. */
export function useCallers(of: { actor?: string; operation?: string }) {
  const query = { ...useTime(), ...of, limit: 500, ...useMasked() };
  return useAnswer('/callers', query, (signal) => api.GET('/api/v1/callers', { params: { query }, signal }));
}

/** Callers that nobody has named, put together by what they do. */
export function useCandidates() {
  const { lang } = useLang();
  const query = { ...useTime(), lang, ...useMasked() };
  return useAnswer('/candidates', query, (signal) => api.GET('/api/v1/candidates', { params: { query }, signal }));
}

/** Who calls which operation on which service. */
export function useMap() {
  const query = useParams();
  return useAnswer('/map', query, (signal) => api.GET('/api/v1/map', { params: { query }, signal }));
}

/** A hand-made map held against all calls of this time; nothing where there is none. */
export function useCompared(toml: string) {
  const query = useTime();
  return useAnswer('/map/compare', { ...query, toml }, (signal) => api.POST('/api/v1/map/compare', { params: { query }, body: { toml }, signal }), { enabled: toml.trim() !== '' });
}

export function useCalls(extra: readonly Pill[] = [], limit = PAGE) {
  const params = { ...useParams(extra), limit, ...useMasked() };
  return useInfiniteQuery({
    queryKey: ['/calls', params],
    queryFn: ({ pageParam, signal }) => answer(api.GET('/api/v1/calls', { params: { query: { ...params, ...(pageParam === null ? {} : { cursor: pageParam }) } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
}

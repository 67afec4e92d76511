/** The counts that the panel shows, of invented calls. */

import type { Burndown, Call, Caller, Every, Panel, Timeline, TimelineBy } from '../src/api/types.ts';
import { DECLARED, MONOLITH, RETIRED } from './story.ts';

export const timeOf = (call: Call | undefined): number => Date.parse(call?.time ?? '1970-01-01');

/** Counts by a key of one or more names; the largest first. */
export function tally<K>(calls: readonly Call[], keys: (call: Call) => readonly K[]): { key: K; calls: Call[] }[] {
  const found = new Map<string, { key: K; calls: Call[] }>();
  for (const call of calls) {
    for (const key of keys(call)) {
      const name = JSON.stringify(key);
      const row = found.get(name) ?? { key, calls: [] };
      row.calls.push(call);
      found.set(name, row);
    }
  }
  return [...found.values()].sort((a, b) => b.calls.length - a.calls.length);
}

const entered = (call: Call): (string | null)[] => (call.operations.length > 0 ? call.operations : [null]);

function quantile(calls: readonly Call[], q: number): number | null {
  const all = calls.flatMap((it) => it.duration ?? []).sort((a, b) => a - b);
  return all[Math.floor((all.length - 1) * q)] ?? null;
}

function residual(call: Call): boolean {
  const gone = DECLARED.filter((it) => it.retired !== null).map((it) => it.operation);
  return call.service === MONOLITH && timeOf(call) >= RETIRED && call.operations.some((it) => gone.includes(it));
}

export function panel(calls: Call[]): Panel {
  const is = (joined: Call['joined']) => calls.filter((it) => it.joined === joined).length;
  const rows = tally(calls, (it) => entered(it).map((operation) => ({ operation, service: it.service })));
  const operations = rows.map(({ key, calls: of }) => {
    const declared = DECLARED.find((it) => it.operation === key.operation && it.service === key.service);
    return { ...key, calls: of.length, p50: quantile(of, 0.5), p95: quantile(of, 0.95), retired: declared?.retired ?? null, residual: of.filter(residual).length, declared: declared !== undefined };
  });
  for (const it of DECLARED) {
    const there = operations.some((row) => row.operation === it.operation && row.service === it.service);
    if (!there) operations.push({ operation: it.operation, service: it.service, calls: 0, p50: null, p95: null, retired: it.retired, residual: 0, declared: true });
  }
  return {
    from: calls[0]?.time ?? null, to: calls.at(-1)?.time ?? null, calls: calls.length,
    joined: is('joined'), call_only: is('call_only') + is('no_id'), no_id: is('no_id'), mark_only: calls.length > 0 ? 2 : 0,
    unknown_calls: calls.filter((it) => it.actor === null).length, residual_calls: calls.filter(residual).length, operations,
    actors: tally(calls, (it) => [it.actor]).map((it) => ({ actor: it.key, calls: it.calls.length })),
    services: tally(calls, (it) => [it.service]).map((it) => ({ service: it.key, calls: it.calls.length, monolith: it.key === MONOLITH })),
    actor_service: tally(calls, (it) => [{ actor: it.actor, service: it.service }]).map((it) => ({ ...it.key, calls: it.calls.length })),
    actor_operation_service: tally(calls, (it) => entered(it).map((operation) => ({ actor: it.actor, operation, service: it.service }))).map((it) => ({ ...it.key, calls: it.calls.length })),
    endpoints: tally(calls, (it) => [{ service: it.service, method: it.method, endpoint: it.endpoint?.replace(/^\S+ /, '') ?? null }]).map((it) => ({ ...it.key, calls: it.calls.length, p95: quantile(it.calls, 0.95) })),
    mark_only_operations: [{ operation: 'internal transfer', service: MONOLITH, marks: 2 }],
  };
}

const LENGTH: Record<Exclude<Every, 'month'>, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

export function timeline(calls: Call[], by: TimelineBy): Timeline {
  const first = timeOf(calls[0]);
  const last = timeOf(calls.at(-1));
  const every = (['minute', 'hour', 'day'] as const).find((it) => (last - first) / LENGTH[it] <= 200) ?? 'day';
  const start = first - (first % LENGTH[every]);
  const size = calls.length === 0 ? 0 : Math.floor((last - start) / LENGTH[every]) + 1;
  const keys = (call: Call): (string | null)[] => {
    if (by === 'known') return [call.actor === null ? null : 'known'];
    if (by === 'operation') return entered(call);
    if (by === 'status') return [call.status === null ? null : `${Math.floor(call.status / 100)}xx`];
    return [call[by]];
  };
  const series = tally(calls, keys).map(({ key, calls: of }) => {
    const counts = Array.from({ length: size }, () => 0);
    for (const it of of) {
      const at = Math.floor((timeOf(it) - start) / LENGTH[every]);
      counts[at] = (counts[at] ?? 0) + 1;
    }
    return { key, calls: counts };
  });
  const starts = Array.from({ length: size }, (_, i) => new Date(start + i * LENGTH[every]).toISOString());
  return { from: calls[0]?.time ?? null, to: calls.at(-1)?.time ?? null, every, series, starts };
}

/** Three years in which one operation after the other leaves. */
export function burndown(): Burndown {
  const months = Array.from({ length: 38 }, (_, i) => `${2023 + Math.floor(i / 12)}-${String((i % 12) + 1).padStart(2, '0')}`);
  const ends = [34, 22, 3, 27, 3];
  const heights = [33_000, 24_000, 12_000, 9_000, 4_000];
  return {
    months,
    series: DECLARED.map((it, i) => ({
      operation: it.operation,
      calls: months.map((_, month) => {
        const left = (ends[i] ?? 0) - month;
        const height = heights[i] ?? 0;
        return left <= 0 ? 0 : Math.round(height * Math.min(1, left / 4) * (0.92 + 0.08 * Math.sin(month)));
      }),
    })),
  };
}

export function callers(calls: Call[]): Caller[] {
  return tally(calls, (it) => [{ address: it.address, user_agent: it.user_agent, actor: it.actor }]).map(({ key, calls: of }) => ({
    ...key, calls: of.length, first: of[0]?.time ?? '', last: of.at(-1)?.time ?? '',
    services: [...new Set(of.flatMap((it) => it.service ?? []))].sort(),
    operations: [...new Set(of.flatMap((it) => it.operations))].sort(),
  }));
}

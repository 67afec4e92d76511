/** What the invented bank is advised: who the unknown may be, what to move first, what a move changed. */

import type { Call, Candidate, FirstRow, MovedActor, MovedSide } from '../src/api/types.ts';
import { callers } from './counts.ts';
import { DECLARED, MONOLITH, RETIRED } from './story.ts';

const RHYTHMS: Record<string, string> = { '10.0.9.4': 'every day at 02:00', '10.0.9.7': 'every Monday at 06:30' };

const WHY = { en: ['its user agent is a name of its own', 'a library’s user agent, from an inner address'], fr: ['son agent est un nom bien à lui', 'l’agent d’une bibliothèque, depuis une adresse interne'] } as const;

/** Each unknown caller is a candidate of its own: the bank has none with several hosts. */
export function candidates(calls: Call[], lang: string | null): { candidates: Candidate[]; calls: number; left_out: number; lacking: string[] } {
  const unknown = calls.filter((it) => it.actor === null);
  const found = callers(unknown).map((it): Candidate => {
    const [address, agent] = [it.address ?? '', it.user_agent ?? ''];
    const own = !/^(curl|Wget)\//.test(agent);
    const rule = own ? { user_agent: agent } : { ip: [address] };
    const mine = unknown.filter((call) => call.address === it.address && call.user_agent === it.user_agent);
    return {
      id: `${address}-${agent}`, kind: own ? 'application' : 'script', proposed_name: own ? agent : `${agent.split('/')[0] ?? ''} on ${address}`, rule, toml: '', why: WHY[lang === 'fr' ? 'fr' : 'en'][own ? 0 : 1],
      addresses: [address], address_count: 1, user_agents: [agent], operations: it.operations, services: it.services, endpoints: [...new Set(mine.flatMap((call) => call.endpoint ?? []))].slice(0, 10),
      calls: it.calls, not_found: mine.filter((call) => call.status === 404).length, first: it.first, last: it.last, rhythm: RHYTHMS[address] ?? null,
    };
  });
  return { candidates: found, calls: unknown.length, left_out: 0, lacking: [] };
}

const WORTH = { en: (n: number) => `${n} known callers make most of its load`, fr: (n: number) => `${n} appelants connus font l’essentiel de sa charge` };

export function first(calls: Call[], lang: string | null): { operations: FirstRow[] } {
  const here = calls.filter((it) => it.service === MONOLITH);
  const rows = DECLARED.filter((it) => it.retired === null).map(({ operation }): FirstRow => {
    const mine = here.filter((it) => it.operations.includes(operation));
    const unknown = mine.filter((it) => it.actor === null);
    const actors = [...new Set(mine.flatMap((it) => it.actor ?? []))].sort();
    return {
      rank: 0, operation, service: MONOLITH, calls_per_day: mine.length / 43, share: mine.length / here.length, growth: 1.04, actors,
      unknown_share: unknown.length / mine.length, unknown_callers: callers(unknown).length, longest_pause_days: unknown.length > 0 ? 7 : 1, score: mine.length * (1 - unknown.length / mine.length), reasons: [WORTH[lang === 'fr' ? 'fr' : 'en'](actors.length)],
    };
  });
  rows.sort((a, b) => b.score - a.score);
  return { operations: rows.map((it, index) => ({ ...it, rank: index + 1 })) };
}

export function moved(calls: Call[], operation: string): object {
  const to = DECLARED.find((it) => it.operation === operation)?.moved_to ?? '';
  const of = calls.filter((it) => it.operations.includes(operation));
  const side = (some: Call[]): MovedSide => ({
    calls: some.length, calls_per_day: some.length / 17, p95: some.length === 0 ? null : 118_000,
    statuses: { '2xx': some.filter((it) => it.status === 200).length, '4xx': some.filter((it) => it.status === 404).length, '5xx': some.filter((it) => it.status === 500).length },
  });
  const after = (it: Call) => Date.parse(it.time ?? '') >= RETIRED;
  const actors = [...new Set(of.map((it) => it.actor))].map((actor): MovedActor => {
    const mine = of.filter((it) => it.actor === actor);
    return {
      actor, before: side(mine.filter((it) => !after(it))), after: side(mine.filter((it) => after(it) && it.service === to)), left_behind: side(mine.filter((it) => after(it) && it.service === MONOLITH)),
      vanished: actor === 'large accounts' ? [{ method: 'POST', endpoint: '/services/Virement', parameters: ['motif'], calls: 12 }] : [],
    };
  });
  return { operation, from_service: MONOLITH, to_service: to, moved: new Date(RETIRED).toISOString(), days: 17.4, actors };
}

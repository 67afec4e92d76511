import type { Caller, Candidate, NewActor } from '../api/types';

/** By what a rule recognises callers. */
export interface Recognised {
  agent: boolean;
  address: boolean;
}

/** The callers that a candidate is made of; of a long list the API spells out a part. */
export function callersOf({ addresses, user_agents: agents }: Candidate, all: readonly Caller[]): Caller[] {
  return all.filter((it) => (it.address === null ? addresses.length === 0 : addresses.includes(it.address)) && agents.includes(it.user_agent ?? ''));
}

/** By what the rules that the server proposes recognise these candidates. */
export function proposed(candidates: readonly Candidate[]): Recognised {
  const rules = candidates.map((it) => it.rule);
  return { agent: rules.some((it) => it.user_agent != null), address: rules.some((it) => (it.ip ?? []).length > 0) };
}

/** The rule for these candidates: the server's own where it is as proposed, or else made of what they send. */
export function rule(name: string, candidates: readonly Candidate[], by: Recognised): NewActor {
  const [only] = candidates;
  const was = proposed(candidates);
  if (candidates.length === 1 && only !== undefined && was.agent === by.agent && was.address === by.address) {
    return { name: name.trim(), ...only.rule };
  }
  const agents = [...new Set(candidates.flatMap((it) => it.user_agents))];
  const [agent] = agents;
  const addresses = [...new Set(candidates.flatMap((it) => it.addresses))];
  return {
    name: name.trim(),
    ...(by.agent && agent !== undefined ? { user_agent: pattern(agent, agents) } : {}),
    ...(by.address && addresses.length > 0 ? { ip: addresses } : {}),
  };
}

/** A version in a user agent may change, so it becomes a wildcard. */
function pattern(agent: string, agents: readonly string[]): string {
  const family = /^([^/\s]+\/)[\d.]/.exec(agent)?.[1];
  if (family !== undefined && agents.every((it) => it.startsWith(family))) return `${family}*`;
  return agent;
}

/** The rule as it stands in `dolmen.toml`. */
export function toml({ name, user_agent: agent, ip = [], user }: NewActor): string {
  const lines = ['[[actor]]', `name = ${text(name)}`];
  if (agent != null) lines.push(`user_agent = ${text(agent)}`);
  if (ip.length > 0) lines.push(`ip = [${ip.map(text).join(', ')}]`);
  if (user != null) lines.push(`user = ${text(user)}`);
  return lines.join('\n');
}

/** A basic string of TOML. */
function text(value: string): string {
  return JSON.stringify(value).replace(/\u007f/g, '\\u007f');
}

/** Which of the callers a rule names; of networks and of users the page cannot tell. */
export function named({ user_agent: wanted, ip = [] }: NewActor, callers: readonly Caller[]): Caller[] {
  return callers.filter((it) => {
    const agent = wanted == null || matches(wanted, it.user_agent ?? '');
    const address = ip.length === 0 || (it.address !== null && ip.includes(it.address));
    return agent && address;
  });
}

function matches(glob: string, agent: string): boolean {
  const parts = glob.split('*').map((it) => it.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(agent);
}

/** Milliseconds between two calls on average; none of a single call. */
export function cadence(caller: Caller): number | undefined {
  const span = Date.parse(caller.last) - Date.parse(caller.first);
  return caller.calls < 2 || span <= 0 ? undefined : span / (caller.calls - 1);
}

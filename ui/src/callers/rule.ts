import type { Caller, NewActor } from '../api/types';

/** By what a rule recognises callers. */
export interface Recognised {
  agent: boolean;
  address: boolean;
}

/** What one caller is told by: its user agent, unless it sends none or one that every script sends. */
export function proposal(callers: readonly Caller[]): Recognised {
  const agents = new Set(callers.map((it) => it.user_agent));
  const own = agents.size === 1 && callers.every((it) => it.user_agent !== null && !isCommon(it.user_agent));
  const addressed = callers.some((it) => it.address !== null);
  return { agent: own || !addressed, address: addressed && !own };
}

/** Tools whose name says nothing about who runs them. */
const COMMON = /^(curl|wget|python-requests|python-urllib|java|go-http-client|okhttp|apache-httpclient|libwww-perl|mozilla|powershell|axios|node)\b/i;

function isCommon(agent: string): boolean {
  return COMMON.test(agent.replace(/^[^a-z]+/i, ''));
}

/** The rule for these callers; a version in a user agent may change, so it becomes a wildcard. */
export function rule(name: string, callers: readonly Caller[], by: Recognised): NewActor {
  const agents = [...new Set(callers.flatMap((it) => it.user_agent ?? []))];
  const [agent] = agents;
  const addresses = [...new Set(callers.flatMap((it) => it.address ?? []))];
  return {
    name: name.trim(),
    ...(by.agent && agent !== undefined ? { user_agent: pattern(agent, agents) } : {}),
    ...(by.address && addresses.length > 0 ? { ip: addresses } : {}),
  };
}

function pattern(agent: string, agents: readonly string[]): string {
  const family = /^([^/\s]+\/)[\d.]/.exec(agent)?.[1];
  if (family !== undefined && agents.every((it) => it.startsWith(family))) return `${family}*`;
  return agent;
}

/** The rule as it stands in `dolmen.toml`. */
export function toml(actor: NewActor): string {
  const lines = ['[[actor]]', `name = ${text(actor.name)}`];
  if (actor.user_agent !== undefined) lines.push(`user_agent = ${text(actor.user_agent)}`);
  if (actor.ip !== undefined) lines.push(`ip = [${actor.ip.map(text).join(', ')}]`);
  return lines.join('\n');
}

/** A basic string of TOML. */
function text(value: string): string {
  return JSON.stringify(value).replace(/\u007f/g, '\\u007f');
}

/** Which of the callers a rule names. */
export function named(actor: NewActor, callers: readonly Caller[]): Caller[] {
  return callers.filter((it) => {
    const agent = actor.user_agent === undefined || (it.user_agent !== null && matches(actor.user_agent, it.user_agent));
    const address = actor.ip === undefined || (it.address !== null && actor.ip.includes(it.address));
    return agent && address;
  });
}

function matches(wanted: string, agent: string): boolean {
  return wanted.endsWith('*') ? agent.startsWith(wanted.slice(0, -1)) : agent === wanted;
}

/** Milliseconds between two calls on average; none of a single call. */
export function cadence(caller: Caller): number | undefined {
  const span = Date.parse(caller.last) - Date.parse(caller.first);
  return caller.calls < 2 || span <= 0 ? undefined : span / (caller.calls - 1);
}

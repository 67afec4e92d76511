/** The invented bank's map, and maps held against it: enough of docs/map.md for trying the page. */

import type { Call, Compared, Link, MapThing } from '../src/api/types.ts';
import { tally } from './counts.ts';

export interface SeenMap {
  from: string | null;
  to: string | null;
  calls: number;
  links: Link[];
}

/** Marks have no actor, no status, no address: a filter leaves them out. */
export function seenMap(calls: Call[], filtered: boolean): SeenMap {
  const rows = tally(calls, (it) => (it.operations.length > 0 ? it.operations : [null]).map((operation) => ({ actor: it.actor, operation, service: it.service })));
  const links = rows.map(({ key, calls: of }): Link => ({ ...key, calls: of.length, marks: 0 }));
  if (calls.length > 0 && !filtered) links.push({ actor: null, operation: 'internal transfer', service: 'monolith', calls: 0, marks: 2 });
  return { from: calls[0]?.time ?? null, to: calls.at(-1)?.time ?? null, calls: calls.length, links };
}

interface Drawn {
  actors: string[];
  services: { name: string; operations: string[] }[];
}

/** Everything that was seen, as TOML. */
export function toml(calls: Call[]): string {
  const { actors, services } = drawn(calls);
  return [`actor = ${JSON.stringify(actors)}`, ...services.map((it) => `\n[[service]]\nname = ${JSON.stringify(it.name)}\noperations = ${JSON.stringify(it.operations)}`), ''].join('\n');
}

/** Actors, services and their operations; calls of a map are not compared here. */
export function compare(calls: Call[], text: string): Compared {
  const map = read(text);
  const seen = drawn(calls);
  const things = (of: Drawn): MapThing[] => [
    ...of.actors.map((actor) => thing({ kind: 'actor', actor })),
    ...of.services.map(({ name }) => thing({ kind: 'service', service: name })),
    ...of.services.flatMap(({ name, operations }) => operations.map((operation) => thing({ kind: 'operation', operation, service: name }))),
  ];
  const has = (all: MapThing[], it: MapThing) => all.some((other) => JSON.stringify(other) === JSON.stringify(it));
  const [here, there] = [things(map), things(seen)];
  return { confirmed: here.filter((it) => has(there, it)), unseen: here.filter((it) => !has(there, it)), unmapped: there.filter((it) => !has(here, it)).map((it) => ({ ...it, calls: 7 })) };
}

const thing = (of: Partial<MapThing> & Pick<MapThing, 'kind'>): MapThing => ({ actor: null, operation: null, service: null, calls: 0, ...of });

function drawn(calls: Call[]): Drawn {
  const sorted = (names: (string | null)[]) => [...new Set(names)].filter((it) => it !== null).sort();
  return {
    actors: sorted(calls.map((it) => it.actor)),
    services: sorted(calls.map((it) => it.service)).map((name) => ({ name, operations: sorted(calls.filter((it) => it.service === name).flatMap((it) => it.operations)) })),
  };
}

/** One line a key: what the page itself writes, and what a test would. */
function read(text: string): Drawn {
  const found: Drawn = { actors: [], services: [] };
  for (const [at, line] of text.split('\n').entries()) {
    const [, key, value] = /^(\w+) = (.+)$/.exec(line) ?? [];
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (line === '[[service]]') found.services.push({ name: '', operations: [] });
    else if (key === 'actor') found.actors = list(value);
    else if (key === 'name') Object.assign(found.services.at(-1) ?? {}, { name: list(`[${value ?? ''}]`)[0] });
    else if (key === 'operations') Object.assign(found.services.at(-1) ?? {}, { operations: list(value) });
    else throw new Error(`TOML parse error at line ${at + 1}: unknown field \`${line}\``);
  }
  return found;
}

const list = (text: string | undefined): string[] => JSON.parse(text ?? '[]') as string[];

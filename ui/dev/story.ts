/**
 * Invented calls of an invented bank, so that the page can be built and tried without a server. The
 * same seed makes the same calls.
 */

import type { Call, DeclaredOperation, Mark } from '../src/api/types.ts';

export const MONOLITH = 'monolith';
export const START = Date.parse('2023-03-05T23:00:00Z');
export const RETIRED = Date.parse('2023-04-01T00:00:00Z');
export const END = Date.parse('2023-04-18T09:40:00Z');

export const DECLARED: DeclaredOperation[] = [
  { operation: 'balance and movements', service: MONOLITH, retired: null, moved_to: null },
  { operation: 'internal transfer', service: MONOLITH, retired: null, moved_to: null },
  { operation: 'external transfer', service: MONOLITH, retired: '2023-04-01', moved_to: 'transfers' },
  { operation: 'card block', service: MONOLITH, retired: null, moved_to: null },
  { operation: 'card ceiling', service: MONOLITH, retired: '2023-04-01', moved_to: 'cards' },
];

/** Who is logged in at the large accounts: personal data. */
const PAYER = 'compta@client.example';

interface Machine {
  actor: string | null;
  weight: number;
  addresses: string[];
  agent: string;
  operations: string[];
}

const MACHINES: Machine[] = [
  { actor: 'web portal', weight: 48, addresses: ['10.0.1.11', '10.0.1.12'], agent: 'PortailWeb/4.2 (Mozilla/5.0; Linux x86_64)', operations: ['balance and movements', 'internal transfer', 'external transfer', 'card block', 'card ceiling'] },
  { actor: 'branch tool', weight: 18, addresses: ['10.0.2.21', '10.0.2.22', '10.0.2.23'], agent: 'OutilAgence/1.9', operations: ['balance and movements', 'internal transfer', 'card ceiling'] },
  { actor: 'large accounts', weight: 13, addresses: ['10.0.3.31'], agent: 'GrandsComptes-SOAP/2.0', operations: ['external transfer', 'internal transfer'] },
  { actor: null, weight: 12, addresses: ['10.0.9.4'], agent: 'curl/7.81.0', operations: ['card block'] },
  { actor: null, weight: 9, addresses: ['10.0.9.7'], agent: 'Wget/1.21.2', operations: ['external transfer', 'internal transfer'] },
];

const ROUTES: Record<string, { method: string; endpoint: string; target: (id: number) => string }> = {
  'balance and movements': { method: 'GET', endpoint: '/api/comptes/{id}/mouvements', target: (id) => `/api/comptes/${id}/mouvements?depuis=30` },
  'internal transfer': { method: 'POST', endpoint: '/services/VirementInterne', target: () => '/services/VirementInterne' },
  'external transfer': { method: 'GET', endpoint: '/banque.do', target: (id) => `/banque.do?op=virementExterne&compte=${id}` },
  'card block': { method: 'POST', endpoint: '/api/carteService/{client}/opposition/{carte}', target: (id) => `/api/carteService/${id}/opposition/${(id * 7919) % 1_000_000}` },
  'card ceiling': { method: 'POST', endpoint: '/api/carteService/plafond', target: () => '/api/carteService/plafond' },
};

/** Uniform in [0, 1): mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Calls, the oldest first, and the marks of those that entered an operation. */
export function story(count: number): { calls: Call[]; marks: Map<string, Mark[]> } {
  const random = seeded(20230305);
  const of = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const calls: Call[] = [];
  const times = Array.from({ length: count }, () => busy(START + random() * (END - START), random)).sort((a, b) => a - b);
  for (const [row, time] of times.entries()) {
    const machine = weighted(random() * 100);
    calls.push(call(row, time, machine, of(machine.operations), of(machine.addresses), random));
  }
  calls.push(monthlyScript(calls.length));
  const marks = new Map<string, Mark[]>();
  for (const it of calls) {
    if (it.request_id !== null && it.operations.length > 0) marks.set(it.request_id, it.operations.map((name) => mark(it, name)));
  }
  return { calls, marks };
}

function weighted(at: number): Machine {
  let sum = 0;
  for (const machine of MACHINES) {
    sum += machine.weight;
    if (at < sum) return machine;
  }
  return MACHINES[0] as Machine;
}

/** Nights and Sundays are quiet in a bank. */
function busy(time: number, random: () => number): number {
  const date = new Date(time);
  const hour = date.getUTCHours();
  const quiet = hour < 6 || hour > 20 || date.getUTCDay() === 0;
  const moved = quiet && random() < 0.7 ? time - (time % 86_400_000) + (8 + random() * 10) * 3_600_000 : time;
  return moved < END - 600_000 ? moved : moved - 86_400_000;
}

function call(row: number, time: number, machine: Machine, operation: string, address: string, random: () => number): Call {
  const assets = machine.actor === 'web portal' && random() < 0.3;
  const missing = random() < 0.004;
  const moved = time >= RETIRED ? DECLARED.find((it) => it.operation === operation)?.moved_to : null;
  const still = operation === 'card ceiling' && machine.actor === 'branch tool' && random() < 0.2;
  const route = ROUTES[operation] ?? { method: 'GET', endpoint: '/', target: () => '/' };
  const id = 100_000 + Math.floor(random() * 900_000);
  return fill(row, time, {
    service: assets || still || moved == null ? MONOLITH : moved,
    actor: machine.actor,
    operations: assets || missing ? [] : [operation],
    joined: missing ? 'no_id' : assets ? 'call_only' : 'joined',
    status: random() < 0.012 ? 500 : random() < 0.02 ? 404 : 200,
    method: assets ? 'GET' : route.method,
    endpoint: assets ? 'GET /static/{file}' : `${route.method} ${route.endpoint}`,
    target: assets ? `/static/${['app.js', 'style.css', 'logo.svg'][row % 3]}` : route.target(id),
    address,
    user_agent: machine.agent,
    request_id: missing ? null : `${hex(random)}${hex(random)}${hex(random)}${hex(random)}`,
    duration: Math.round((assets ? 2000 : 40_000) * (0.5 + random() * random() * 6)),
    bytes: Math.round(300 + random() * 9000),
  });
}

function hex(random: () => number): string {
  return Math.floor(random() * 4_294_967_296).toString(16).padStart(8, '0');
}

function monthlyScript(row: number): Call {
  return fill(row, END - 240_000, {
    service: MONOLITH, actor: null, operations: ['external transfer'], joined: 'joined', status: 200, method: 'GET',
    endpoint: 'GET /banque.do', target: '/banque.do?op=virementExterne&compte=compteur', address: '10.0.9.15',
    user_agent: 'compte-virements.sh', request_id: 'a0c4e5d1f00dfeed0123456789abcdef', duration: 61_000, bytes: 812,
  });
}

type Said = Pick<Call, 'service' | 'actor' | 'operations' | 'joined' | 'status' | 'method' | 'endpoint' | 'target' | 'address' | 'user_agent' | 'request_id' | 'duration' | 'bytes'>;

function fill(row: number, time: number, said: Said): Call {
  const stamp = new Date(time).toISOString();
  const line = `${said.address} - ${said.actor === 'large accounts' ? PAYER : '-'} [${stamp}] "${said.method} ${said.target} HTTP/1.1" ${said.status} ${said.bytes} "-" "${said.user_agent}" "${said.request_id ?? '-'}" ${said.duration}`;
  return {
    key: `3.${row}`, time: stamp, source: 'proxy', role: 'call', user: said.actor === 'large accounts' ? PAYER : null, referer: null, host: 'banque.example', line, ...said,
  };
}

function mark(it: Call, operation: string): Mark {
  const time = new Date(Date.parse(it.time ?? '') + 3).toISOString();
  const line = JSON.stringify({ time, level: 'INFO', request_id: it.request_id, operation });
  return { time, request_id: it.request_id, source: 'monolith-app', service: it.service, operation, line };
}

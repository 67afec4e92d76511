/** What the fixture answers: the API's paths over invented calls. */

import type { Added, Alert, Call, CallPage, Config, Meta, NewActor, SourceHealth, TimelineBy } from '../src/api/types.ts';
import type { NewWord, Word } from '../src/verdict/types.ts';
import { candidates, first, moved } from './advice.ts';
import { burndown, callers, panel, timeline, timeOf } from './counts.ts';
import { compare, seenMap, toml } from './map.ts';
import { DECLARED, END, MONOLITH, START, story } from './story.ts';
import { verdicts } from './verdicts.ts';
import { where } from './where.ts';

export interface Answer {
  status: number;
  body: unknown;
}

/** A bank whose rules and alerts change as one clicks. */
export class Bank {
  private readonly told = story(12_000);
  private named: Call[][] = [];
  private alerts = ALERTS.map((it) => ({ ...it }));
  private words: Word[] = [];

  get(path: string, search: URLSearchParams): Answer {
    try {
      return this.answer(path, search);
    } catch (error) {
      const at = error instanceof Error && 'at' in error ? error.at : undefined;
      return { status: 400, body: { type: 'about:blank', title: 'the query cannot be read', status: 400, detail: String(error), at } };
    }
  }

  private answer(path: string, search: URLSearchParams): Answer {
    const calls = this.pick(search);
    const by = (search.get('by') ?? 'known') as TimelineBy;
    const move = /^\/moved\/(.+)$/.exec(path)?.[1];
    if (move !== undefined) return ok(moved(this.told.calls, decodeURIComponent(move)));
    const request = /^\/requests\/(.+)$/.exec(path)?.[1];
    if (request !== undefined) return ok(this.request(decodeURIComponent(request)));
    switch (path) {
      case '/meta':
        return ok(this.meta());
      case '/panel':
        return ok(panel(calls));
      case '/timeline':
        return ok(timeline(calls, by));
      case '/burndown':
        return ok(burndown());
      case '/callers':
        return ok({ callers: callers(calls.filter((it) => by_actor(it, search.get('actor')) && by_operation(it, search.get('operation')))) });
      case '/calls':
        return ok(page(calls, Number(search.get('cursor') ?? 0), Number(search.get('limit') ?? 100)));
      case '/unparsed':
        return ok(UNPARSED);
      case '/sources':
        return ok({ sources: SOURCES });
      case '/alerts':
        return ok({ alerts: this.alerts.filter((it) => search.get('state') === 'all' || it.acknowledged === null) });
      case '/alerts/try':
        return ok({ alerts: ALERTS });
      case '/alerts/kinds':
        return ok({ kinds: ['residual_call', 'unknown_caller', 'mark_only', 'no_id', 'silent_source'].map((kind) => ({ kind, is_armed: kind !== 'no_id' })) });
      case '/alerts/4/marks':
        return ok({ marks: LONE_MARKS, lacking: [LOST] });
      case '/candidates':
        return ok(candidates(calls, search.get('lang')));
      case '/map':
        return ok(seenMap(calls, search.has('where')));
      case '/map/seen.toml':
        return ok(toml(calls));
      case '/first':
        return ok(first(this.told.calls, search.get('lang')));
      case '/verdicts':
        return ok(verdicts(this.words, search.get('lang')));
      case '/config':
        return ok(CONFIG);
      default:
        return { status: 404, body: { type: 'about:blank', title: 'not found', status: 404, detail: path } };
    }
  }

  post(path: string, body: unknown): Answer {
    const [, id = '', verb] = /^\/alerts\/([^/]+)\/(acknowledge|mute)$/.exec(path) ?? [];
    const alert = this.alerts.find((it) => String(it.id) === id);
    if (alert) {
      if (verb === 'acknowledge') alert.acknowledged = new Date(END).toISOString();
      else alert.muted_until = (body as { until: string }).until;
      return ok(alert);
    }
    if (path === '/words') {
      const word: Word = { operation: null, service: null, actor: null, address: null, user_agent: null, ...(body as NewWord), id: this.words.length + 1, said: new Date(END).toISOString() };
      this.words.push(word);
      return ok(word);
    }
    if (path === '/map/compare') {
      try {
        return ok(compare(this.told.calls, (body as { toml: string }).toml));
      } catch (error) {
        return { status: 400, body: { type: 'about:blank', title: 'Bad Request', status: 400, detail: String(error) } };
      }
    }
    if (path === '/actors') return ok(this.name(body as NewActor));
    if (path.startsWith('/undo/')) {
      for (const call of this.named[Number(path.slice(6))] ?? []) call.actor = null;
      return ok({});
    }
    return { status: 404, body: { title: 'not found', status: 404, detail: path } };
  }

  delete(path: string): Answer {
    const [, answered = '', verb] = /^\/alerts\/([^/]+)\/(acknowledge|mute)$/.exec(path) ?? [];
    const alert = this.alerts.find((it) => String(it.id) === answered);
    if (alert) {
      if (verb === 'acknowledge') alert.acknowledged = null;
      else alert.muted_until = null;
      return ok(alert);
    }
    const id = Number(/^\/words\/(\d+)$/.exec(path)?.[1]);
    this.words = this.words.filter((it) => it.id !== id);
    return ok({});
  }

  private name({ name, user_agent, ip }: NewActor): Added {
    const agent = user_agent == null ? undefined : new RegExp(`^${user_agent.split('*').map((it) => it.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`);
    const matched = this.told.calls.filter((it) => it.actor === null && (ip === undefined || ip.includes(it.address ?? '')) && (agent === undefined || agent.test(it.user_agent ?? '')));
    for (const call of matched) call.actor = name;
    this.named.push(matched);
    const lines = ['[[actor]]', `name = ${JSON.stringify(name)}`];
    if (user_agent != null) lines.push(`user_agent = ${JSON.stringify(user_agent)}`);
    if (ip !== undefined) lines.push(`ip = ${JSON.stringify(ip)}`);
    return { rule: `${lines.join('\n')}\n`, applied: true, deriving: false, undo: String(this.named.length - 1) };
  }

  private pick(search: URLSearchParams): Call[] {
    const from = Date.parse(search.get('from') ?? '') || Number.NEGATIVE_INFINITY;
    const to = Date.parse(search.get('to') ?? '') || Number.POSITIVE_INFINITY;
    const test = where(search.get('where') ?? '');
    return this.told.calls.filter((it) => timeOf(it) >= from && timeOf(it) < to && test(it));
  }

  private request(id: string) {
    return { id, calls: this.told.calls.filter((it) => it.request_id === id), marks: this.told.marks.get(id) ?? [], lacking: [] };
  }

  private meta(): Meta {
    const actors = [...new Set(this.told.calls.flatMap((it) => it.actor ?? []))].sort();
    return {
      version: '0.0.0-fixture', monoliths: [MONOLITH], services: ['cards', MONOLITH, 'transfers'], actors, operations: DECLARED,
      sources: SOURCES.map((it) => ({ name: it.source, kind: it.kind ?? '', holds: it.holds })), read_only: false, demo: false, rules: { deriving: false, derived: 0, problem: null },
      store: { path: '/var/lib/dolmen', from: new Date(START).toISOString(), to: new Date(END).toISOString(), calls: this.told.calls.length, segments_bytes: 812_000, raw_bytes: 9_730_000, catalog_bytes: 1_400_000, learned_templates: 2 },
    };
  }
}

const ok = (body: unknown): Answer => ({ status: 200, body });
const by_actor = (call: Call, actor: string | null) => actor === null || (actor === 'unknown' ? call.actor === null : call.actor === actor);
const by_operation = (call: Call, operation: string | null) => operation === null || call.operations.includes(operation);

const LOST = 'segment 0000000007-marks.parquet cannot be read (its file is missing): 812 rows from 2023-04-02T00:00:12Z to 2023-04-02T23:59:48Z are out of reach, everything else is not; restore this file from a backup';

function page(calls: Call[], cursor: number, limit: number): CallPage {
  const newest = calls.slice().reverse();
  const next = cursor + limit < newest.length ? String(cursor + limit) : null;
  return { calls: newest.slice(cursor, cursor + limit), next, lacking: [] };
}

/** What a source refused since the server started; each other reason not once. */
const refused = (counts: Readonly<Record<string, number>>) =>
  ['network', 'token', 'tls', 'line', 'body', 'memory', 'connections', 'spool', 'disk'].map((reason) => ({ reason, count: counts[reason] ?? 0 }));

const SOURCES: SourceHealth[] = [
  {
    source: 'proxy', kind: 'tcp', holds: 'calls', lines: 12_001, from: '2023-03-05T23:00:01Z', to: '2023-04-18T09:36:00Z', gaps: [{ from: '2023-03-12T02:10:00Z', to: '2023-03-12T05:40:00Z' }], heard: '2023-04-18T09:36:00Z', silent_since: null, files: null, problem: null, problem_since: null,
    network: { connections: 2, lines: 12_001, refused: refused({ line: 1, network: 1_204 }), spool_bytes: 402_113, max_spool_bytes: 1_073_741_824 },
  },
  { source: 'monolith-app', kind: 'file', holds: 'marks', lines: 8_931, from: '2023-03-05T23:00:01Z', to: '2023-04-18T09:36:00Z', gaps: [], heard: '2023-04-18T09:36:00Z', silent_since: null, files: null, problem: null, problem_since: null, network: null },
  {
    source: 'cards-proxy', kind: 'http', holds: 'calls', lines: 611, from: '2023-04-01T00:02:10Z', to: '2023-04-17T18:20:00Z', gaps: [], heard: '2023-04-17T18:20:00Z', silent_since: '2023-04-17T18:20:00Z', files: null, problem: null, problem_since: null,
    network: { connections: 0, lines: 611, refused: refused({ token: 14 }), spool_bytes: 1_024, max_spool_bytes: 1_073_741_824 },
  },
  {
    source: 'branches', kind: 'file', holds: 'calls', lines: 0, from: null, to: null, gaps: [], heard: null, silent_since: null, files: 1,
    problem: '/var/log/branches/access.log: Permission denied (os error 13)', problem_since: '2023-04-18T08:00:00Z', network: null,
  },
];

const ALERTS: Alert[] = [
  { id: 1, kind: 'residual_call', cause: 'external transfer on monolith since 2023-04-01', text: 'external transfer is retired on monolith and still called', service: MONOLITH, operation: 'external transfer', opened: '2023-04-18T09:36:00Z', first: '2023-04-18T09:36:00Z', last: '2023-04-18T09:36:00Z', count: 1, acknowledged: null, muted_until: null, where: 'service:monolith and operation:"external transfer" and address:10.0.9.15' },
  { id: 2, kind: 'unknown_caller', cause: '10.0.9.4 (curl/7.81.0)', text: 'nobody knows who calls card block on monolith: 10.0.9.4 (curl/7.81.0)', service: MONOLITH, operation: 'card block', opened: '2023-03-05T23:11:00Z', first: '2023-03-05T23:11:00Z', last: '2023-04-18T09:12:00Z', count: 1_433, acknowledged: null, muted_until: null, where: 'actor:unknown and address:10.0.9.4' },
  { id: 3, kind: 'silent_source', cause: 'cards-proxy since 2023-04-17T18:20:00Z', text: 'the source cards-proxy is silent', service: null, operation: null, opened: '2023-04-17T18:20:00Z', first: '2023-04-17T18:20:00Z', last: '2023-04-18T09:40:00Z', count: 1, acknowledged: null, muted_until: null, where: null },
  { id: 4, kind: 'mark_only', cause: 'internal transfer on monolith', text: 'internal transfer was entered on monolith past the proxy', service: MONOLITH, operation: 'internal transfer', opened: '2023-03-21T02:00:00Z', first: '2023-03-21T02:00:00Z', last: '2023-04-02T02:00:00Z', count: 2, acknowledged: null, muted_until: '2023-05-01T00:00:00Z', where: null },
  { id: 5, kind: 'no_id', cause: 'monolith', text: 'calls without a request id on monolith', service: MONOLITH, operation: null, opened: '2023-03-06T08:00:00Z', first: '2023-03-06T08:00:00Z', last: '2023-04-16T11:00:00Z', count: 44, acknowledged: '2023-04-16T12:00:00Z', muted_until: null, where: 'joined:no_id' },
];

const LONE_MARKS = ['2023-04-02T02:00:00Z', '2023-03-21T02:00:00Z'].map((time, at) => {
  const request_id = `b2f0c1d${at}`;
  return { time, request_id, source: 'monolith-app', service: MONOLITH, operation: 'internal transfer', line: JSON.stringify({ time, level: 'INFO', request_id, operation: 'internal transfer', user: 'batch' }) };
});

const UNPARSED = {
  total: 3,
  lines: [{ seen: '2023-03-14T03:12:00Z', source: 'proxy', file: '/var/log/apache2/access.log', line: 40_121, column: 1, expected: 'an address', text: '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003' }],
};

const CONFIG: Config = {
  file: '/etc/dolmen/dolmen.toml',
  warnings: [{ line: 31, column: 1, message: 'no source has the service `archive`' }],
  entries: [
    { key: 'store.path', value: '/var/lib/dolmen', origin: { from: 'file', file: '/etc/dolmen/dolmen.toml', line: 2 } },
    { key: 'store.keep', value: '400d', origin: { from: 'default' } },
    { key: 'serve.listen', value: '127.0.0.1:7117', origin: { from: 'flag', flag: '--listen' } },
    { key: 'source[0].name', value: 'proxy', origin: { from: 'file', file: '/etc/dolmen/dolmen.toml', line: 6 } },
    { key: 'source[0].kind', value: 'tcp', origin: { from: 'file', file: '/etc/dolmen/dolmen.toml', line: 7 } },
    { key: 'actor[0].name', value: 'web portal', origin: { from: 'file', file: '/etc/dolmen/dolmen.toml', line: 20 } },
    { key: 'actor[0].user_agent', value: 'PortailWeb/*', origin: { from: 'file', file: '/etc/dolmen/dolmen.toml', line: 21 } },
    { key: 'log.level', value: 'info', origin: { from: 'environment', variable: 'DOLMEN_LOG' } },
  ],
};

/** Which invented calls a query picks: enough of docs/query.md for trying the page. */

import type { Call } from '../src/api/types.ts';
import type { Field } from '../src/query/fields.ts';
import { parse } from '../src/query/parse.ts';
import { unquote } from '../src/query/value.ts';

type Test = (call: Call) => boolean;

export function where(text: string): Test {
  const { tokens, fault } = parse(text);
  if (fault) throw Object.assign(new Error(`${fault.kind}: ${fault.text}`), { at: { start: fault.start, end: fault.end } });
  let at = 0;
  const word = () => (at < tokens.length ? text.slice(tokens[at]?.start, tokens[at]?.end) : '');
  const next = () => {
    const it = word();
    at++;
    return it;
  };
  const takes = (joiner: string) => word().toLowerCase() === joiner && tokens[at]?.kind === 'joiner' && next() !== '';

  const either = (): Test => {
    let test = both();
    while (takes('or')) test = or(test, both());
    return test;
  };
  const both = (): Test => {
    let test = negation();
    while (takes('and')) test = and(test, negation());
    return test;
  };
  const negation = (): Test => {
    if (takes('not')) {
      const inner = negation();
      return (call) => !inner(call);
    }
    if (word() === '(') return group(either);
    const field = next() as Field;
    const operator = next();
    if (word() !== '(') return condition(field, operator, next());
    return group(() => {
      let test = condition(field, ':', next());
      while (takes('or')) test = or(test, condition(field, ':', next()));
      return test;
    });
  };
  const group = (inner: () => Test): Test => {
    next();
    const test = inner();
    next();
    return test;
  };
  return tokens.length === 0 ? () => true : either();
}

const or = (a: Test, b: Test): Test => (call) => a(call) || b(call);
const and = (a: Test, b: Test): Test => (call) => a(call) && b(call);

function condition(field: Field, operator: string, raw: string): Test {
  const wanted = unquote(raw);
  if (operator !== ':') return compare(field, operator, amount(raw));
  const pattern = wanted === null ? undefined : new RegExp(`^${raw.replace(/^"|"$/g, '').split('*').map(literal).join('.*')}$`);
  return (call) => {
    const found = values(call, field);
    if (pattern === undefined) return found.length === 0;
    return found.some((value) => pattern.test(value) || (field === 'endpoint' && pattern.test(value.replace(/^\S+ /, ''))));
  };
}

function literal(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
}

function compare(field: Field, operator: string, bound: number): Test {
  return (call) => {
    const value = field === 'status' ? call.status : field === 'duration' ? call.duration : call.bytes;
    if (value === null) return false;
    return operator === '<' ? value < bound : operator === '<=' ? value <= bound : operator === '>' ? value > bound : value >= bound;
  };
}

const UNITS: Record<string, number> = { us: 1, ms: 1000, s: 1e6, min: 6e7, h: 3.6e9, B: 1, kB: 1000, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1_048_576 };

function amount(raw: string): number {
  const [, number = '0', unit = ''] = /^([\d.]+)(\D*)$/.exec(raw) ?? [];
  return Number(number) * (UNITS[unit] ?? 1);
}

function values(call: Call, field: Field): string[] {
  const one = (value: string | number | null) => (value === null || value === '' ? [] : [String(value)]);
  switch (field) {
    case 'operation':
      return call.operations;
    case 'claimed':
      return [];
    case 'endpoint':
      return one(call.endpoint);
    case 'path':
      return one(call.target?.split('?')[0] ?? null);
    case 'query':
      return one(call.target?.split('?')[1] ?? null);
    case 'joined':
      return call.joined === 'no_id' ? ['no_id', 'call_only'] : [call.joined];
    default:
      return one(call[field]);
  }
}

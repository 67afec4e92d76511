import { describe, expect, it } from 'vitest';

import { complete } from './complete';
import { nearest } from './fields';
import { parse } from './parse';
import { addPill, combine, parsePill, pill, pillValue, writePill } from './pill';
import { quote, unquote } from './value';

const RIGHT = [
  '',
  'service:monolith and actor:unknown and status>=500',
  'operation:"card block" and not actor:("web portal" or "branch tool")',
  'path:/api/* and duration>1.5s',
  'address:10.0.9.0/24 and user_agent:curl*',
  'status:(500 or 502)',
  'NOT (actor:"web portal" OR actor:"branch tool")',
  'joined:(joined or mark_only)',
  'endpoint:"POST /api/card/{client}/block/{card}" and status:unknown',
  'user:CORP\\\\jean',
  'bytes>10kB or (bytes<=3MiB and not not host:*)',
];

describe('the query language', () => {
  it.each(RIGHT)('reads %s', (text) => {
    expect(parse(text).fault).toBeUndefined();
  });

  it.each([
    ['monolith', 'condition_wanted', 'monolith'],
    ['service=monolith', 'field_without_value', 'service=monolith'],
    ['service:monolith and sttaus>=500', 'unknown_field', 'sttaus'],
    ['status!=500', 'field_without_value', 'status!=500'],
    ['status:5*', 'wildcard_in_number', '5*'],
    ['duration>3', 'duration', '3'],
    ['actor:web portal', 'joiner_wanted', 'portal'],
    ['service:a service:b', 'joiner_wanted', 'service:b'],
    ['(service:a or service:b', 'unclosed_parenthesis', '('],
    ['service:a)', 'stray_parenthesis', ')'],
    ['actor:"web', 'unclosed_quote', '"web'],
    ['actor:""', 'empty_quotes', '""'],
    ['user:CORP\\jean', 'bad_escape', '\\j'],
    ['actor>5', 'no_comparison', '>'],
    ['actor:', 'value_wanted', ''],
    ['actor:a and', 'condition_wanted', ''],
    ['status:(500 502)', 'list_wanted_or', '502'],
    ['joined:maybe', 'joined', 'maybe'],
    ['address:10.0.0.x/24', 'network', '10.0.0.x/24'],
  ])('points at what is wrong in %s', (text, kind, part) => {
    const { fault } = parse(text);
    expect(fault?.kind).toBe(kind);
    expect(text.slice(fault?.start, fault?.end)).toBe(part);
  });

  it('allows 32 conditions', () => {
    const many = Array.from({ length: 32 }, () => 'status:200').join(' and ');
    expect(parse(many).fault).toBeUndefined();
    expect(parse(`${many} and status:200`).fault?.kind).toBe('too_many');
  });

  it('knows what a misspelt field may mean', () => {
    expect(nearest('sttaus')).toBe('status');
    expect(nearest('adress')).toBe('address');
    expect(nearest('colour')).toBeUndefined();
  });
});

describe('values', () => {
  it('with a mask finds what the mask hides', () => {
    expect(quote('Robot/1 (‹e-mail›)*')).toBe('"Robot/1 (*)\\*"');
    expect(quote('‹card›')).toBe('"*"');
  });

  it.each(['monolith', 'web portal', 'a"b\\c*', 'unknown', 'and', 'POST /api/{id}', '<x'])('%s is quoted so that it is found exactly', (text) => {
    const quoted = quote(text);
    expect(parse(`actor:${quoted}`).fault).toBeUndefined();
    expect(unquote(quoted)).toBe(text);
  });

  it('the missing value is a word, not a text', () => {
    expect(quote(null)).toBe('unknown');
    expect(quote('unknown')).toBe('"unknown"');
    expect(unquote('unknown')).toBeNull();
  });
});

describe('pills', () => {
  it.each(['actor:"web portal"', '!actor:unknown', '~!service:monolith', 'status>=500', 'user_agent:curl*'])('%s comes back as it was', (text) => {
    const read = parsePill(text);
    expect(read && writePill(read)).toBe(text);
  });

  it.each(['', 'nonsense', 'actor:a and actor:b', '(actor:a)', 'actor:(a or b)'])('%s is no pill', (text) => {
    expect(parsePill(text)).toBeUndefined();
  });

  it('become part of the query, those put aside do not', () => {
    const pills = [pill('actor', null), { ...pill('service', 'the monolith'), not: true }, { ...pill('status', 500), off: true }];
    expect(combine('', pills).where).toBe('actor:unknown and not service:"the monolith"');
    expect(combine('status>=500', pills).where).toBe('status>=500 and actor:unknown and not service:"the monolith"');
    expect(combine(' ', []).where).toBe('');
  });

  it('do not change what a typed "or" means', () => {
    expect(combine('status:500 or status:502', [pill('actor', 'a')])).toEqual({ where: '(status:500 or status:502) and actor:a', typedAt: 1 });
    expect(combine('status:500 or status:502', [])).toEqual({ where: 'status:500 or status:502', typedAt: 0 });
    expect(combine('(a:b or c:d)', []).typedAt).toBe(0);
  });

  it('are not doubled', () => {
    const off = { ...pill('actor', 'a'), off: true };
    expect(addPill([off], pill('actor', 'a'))).toEqual([pill('actor', 'a')]);
    expect(addPill([off], pill('actor', 'b'))).toHaveLength(2);
  });

  it('say what they hold', () => {
    expect(pillValue(pill('actor', 'web portal'))).toBe('web portal');
    expect(pillValue(pill('actor', null))).toBeNull();
  });
});

describe('completion', () => {
  const known = { actor: ['web portal', 'branch tool'], service: ['monolith'] };
  const texts = (text: string) => complete(text, text.length, known).map((it) => it.text);

  it('offers fields, then values, then what joins', () => {
    expect(texts('ser')).toEqual(['service:', 'user_agent:', 'user:']);
    expect(texts('actor:')).toEqual(['"web portal" ', '"branch tool" ', 'unknown ']);
    expect(texts('actor:"br')).toEqual(['"branch tool" ']);
    expect(texts('service:monolith ')).toEqual(['and ', 'or ', 'and not ']);
    expect(texts('joined:mar')).toEqual(['mark_only ']);
  });

  it('replaces the word that was begun', () => {
    expect(complete('status:500 and act', 18, known)[0]).toEqual({ start: 15, end: 18, text: 'actor:', kind: 'field' });
  });
});

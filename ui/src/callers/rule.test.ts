import { describe, expect, it } from 'vitest';

import type { Caller, Candidate } from '../api/types';
import { cadence, callersOf, named, proposed, rule, toml } from './rule';

const caller = (address: string | null, user_agent: string | null, calls = 10): Caller => ({
  address, user_agent, actor: null, calls, first: '2023-03-05T00:00:00Z', last: '2023-03-05T09:00:00Z', services: [], operations: [],
});

const candidate = (addresses: string[], user_agents: string[], rule: Candidate['rule']): Candidate => ({
  id: addresses.join(), kind: 'script', proposed_name: 'a script', rule, toml: '', why: '', addresses, address_count: addresses.length, user_agents, operations: [],
  services: [], endpoints: [], calls: 10, not_found: 0, first: null, last: null, rhythm: null,
});

describe('the proposed rule', () => {
  const curl = candidate(['10.0.9.4'], ['curl/7.81.0'], { ip: ['10.0.9.4'] });

  it('is the server’s, as long as nobody changes by what it recognises', () => {
    const network = candidate(['10.0.9.4', '10.0.9.5'], ['curl/7.81.0'], { ip: ['10.0.9.0/28'], user_agent: 'curl/*' });
    expect(rule(' cards ', [network], proposed([network]))).toEqual({ name: 'cards', ip: ['10.0.9.0/28'], user_agent: 'curl/*' });
    expect(rule('cards', [network], { agent: false, address: true })).toEqual({ name: 'cards', ip: ['10.0.9.4', '10.0.9.5'] });
  });

  it('lets versions change where it is made here', () => {
    expect(rule('cards', [curl], { agent: true, address: false })).toEqual({ name: 'cards', user_agent: 'curl/*' });
  });

  it('takes several candidates together', () => {
    const other = candidate(['10.0.9.5'], ['curl/8.0.1'], { ip: ['10.0.9.5'] });
    expect(proposed([curl, other])).toEqual({ agent: false, address: true });
    expect(rule('cards', [curl, other], proposed([curl, other]))).toEqual({ name: 'cards', ip: ['10.0.9.4', '10.0.9.5'] });
  });

  it('names who fits it and nobody else', () => {
    const all = [caller('10.0.9.4', 'Batch/1.0'), caller('10.0.9.4', 'Other/1.0'), caller(null, null)];
    expect(named({ name: 'a', user_agent: 'Batch/*' }, all)).toEqual([all[0]]);
    expect(named({ name: 'a', user_agent: '*/1.0' }, all)).toEqual([all[0], all[1]]);
    expect(named({ name: 'a', ip: ['10.0.9.4'] }, all)).toEqual([all[0], all[1]]);
    expect(named({ name: 'a', user_agent: '' }, all)).toEqual([all[2]]);
  });

  it('is TOML, whatever the user agent holds', () => {
    expect(toml({ name: 'a "b"', user_agent: 'x\\y', ip: ['10.0.0.1'] })).toBe('[[actor]]\nname = "a \\"b\\""\nuser_agent = "x\\\\y"\nip = ["10.0.0.1"]');
  });
});

it('a candidate is made of the callers with its addresses and user agents', () => {
  const all = [caller('10.0.9.4', 'curl/7.81.0'), caller('10.0.9.4', 'Wget/1.21'), caller('10.0.9.5', 'curl/7.81.0'), caller('10.0.9.4', null)];
  expect(callersOf(candidate(['10.0.9.4'], ['curl/7.81.0', ''], {}), all)).toEqual([all[0], all[3]]);
});

it('the cadence is the mean gap', () => {
  expect(cadence(caller('a', 'b', 10))).toBe(3_600_000);
  expect(cadence(caller('a', 'b', 1))).toBeUndefined();
});

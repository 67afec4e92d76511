import { describe, expect, it } from 'vitest';

import type { Caller } from '../api/types';
import { cadence, named, proposal, rule, toml } from './rule';

const caller = (address: string | null, user_agent: string | null, calls = 10): Caller => ({
  address, user_agent, actor: null, calls, first: '2023-03-05T00:00:00Z', last: '2023-03-05T09:00:00Z', services: [], operations: [],
});

describe('the proposed rule', () => {
  it('recognises a script by a user agent of its own', () => {
    const it = [caller('10.0.9.15', 'compte-virements.sh')];
    expect(proposal(it)).toEqual({ agent: true, address: false });
    expect(rule(' transfers ', it, proposal(it))).toEqual({ name: 'transfers', user_agent: 'compte-virements.sh' });
  });

  it('and one that sends what every script sends by its address', () => {
    const it = [caller('10.0.9.4', 'curl/7.81.0')];
    expect(proposal(it)).toEqual({ agent: false, address: true });
    expect(rule('a', it, proposal(it))).toEqual({ name: 'a', ip: ['10.0.9.4'] });
  });

  it('recognises what has no address by what is left', () => {
    expect(proposal([caller(null, 'curl/7.81.0')])).toEqual({ agent: true, address: false });
  });

  it('takes several callers together and lets versions change', () => {
    const both = [caller('10.0.9.4', 'Batch/1.0'), caller('10.0.9.5', 'Batch/1.1')];
    expect(rule('batch', both, { agent: true, address: true })).toEqual({ name: 'batch', user_agent: 'Batch/*', ip: ['10.0.9.4', '10.0.9.5'] });
  });

  it('names who fits it and nobody else', () => {
    const all = [caller('10.0.9.4', 'Batch/1.0'), caller('10.0.9.4', 'Other/1.0'), caller(null, null)];
    expect(named({ name: 'a', user_agent: 'Batch/*' }, all)).toEqual([all[0]]);
    expect(named({ name: 'a', ip: ['10.0.9.4'] }, all)).toEqual([all[0], all[1]]);
  });

  it('is TOML, whatever the user agent holds', () => {
    expect(toml({ name: 'a "b"', user_agent: 'x\\y', ip: ['10.0.0.1'] })).toBe('[[actor]]\nname = "a \\"b\\""\nuser_agent = "x\\\\y"\nip = ["10.0.0.1"]');
  });
});

it('the cadence is the mean gap', () => {
  expect(cadence(caller('a', 'b', 10))).toBe(3_600_000);
  expect(cadence(caller('a', 'b', 1))).toBeUndefined();
});

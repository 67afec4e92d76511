import { describe, expect, it } from 'vitest';

import type { Call } from '../api/types';
import { writePill } from '../query/pill';
import { pillsOf, readColumns, toggleColumn, tracks, USUAL, writeColumns } from './columns';

const CALL: Call = {
  key: '3:7', time: '2023-03-05T23:00:01Z', source: 'proxy', service: 'monolith', actor: null, operations: ['card block', 'balance'], joined: 'joined',
  role: 'call', status: 200, method: 'POST', target: '/api/card/1/block/2', endpoint: 'POST /api/card/{client}/block/{card}', address: '10.0.9.4',
  user: null, user_agent: 'curl/7.81.0', referer: null, host: null, bytes: 12, duration: 900, request_id: 'a1', line: 'x',
};

describe('columns in the address', () => {
  it('are the usual ones unless it says otherwise', () => {
    expect(readColumns(null)).toBe(USUAL);
    expect(readColumns('no,such')).toBe(USUAL);
    expect(readColumns('time,no,status')).toEqual(['time', 'status']);
    expect(writeColumns(USUAL)).toBeNull();
    expect(writeColumns(['time', 'bytes'])).toBe('time,bytes');
  });

  it('go and come back in their place', () => {
    const without = toggleColumn(USUAL, 'status');
    expect(without).not.toContain('status');
    expect(toggleColumn(without, 'status')).toEqual(USUAL);
  });
});

it('columns that grow share what is left over', () => {
  expect(tracks(['time', 'target'])).toEqual({ grid: '170px minmax(120px, 3fr)', least: 326 });
});

describe('a click on a cell', () => {
  it.each([
    ['actor', ['actor:unknown']],
    ['operations', ['operation:"card block"', 'operation:balance']],
    ['endpoint', ['endpoint:"POST /api/card/{client}/block/{card}"']],
    ['status', ['status:200']],
    ['time', []],
  ] as const)('%s', (id, pills) => {
    expect(pillsOf(CALL, id).map(writePill)).toEqual(pills);
  });
});

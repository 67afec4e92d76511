import { describe, expect, it } from 'vitest';

import { pill } from '../query/pill';
import { carried, linkTo, readView, spell, writeView } from './view';

const read = (text: string) => readView(new URLSearchParams(text));

describe('the view in the address', () => {
  it('is everything that is stored, when it says nothing', () => {
    expect(read('')).toEqual({ range: { kind: 'all' }, typed: '', pills: [], paused: false, personal: false, broken: { pills: [] } });
  });

  it('comes back as it was written', () => {
    const view = { range: { kind: 'last', amount: 30, unit: 'd' }, typed: 'status>=500 or actor:"web portal"', pills: [pill('service', 'a&b=c+d e'), { ...pill('actor', null), not: true }], paused: true, personal: true } as const;
    const written = spell(writeView(new URLSearchParams(), { ...view, pills: [...view.pills] }));
    expect(readView(new URLSearchParams(written))).toEqual({ ...view, broken: { pills: [] } });
  });

  it('is short and can be read', () => {
    const search = writeView(new URLSearchParams(), { range: { kind: 'last', amount: 24, unit: 'h' }, pills: [pill('actor', null), pill('path', '/api/x')] });
    expect(spell(search)).toBe('?t=24h&f=actor:unknown&f=path:/api/x');
  });

  it('breaks nothing when somebody mangled it', () => {
    const view = read('t=soon&f=actor:unknown&f=%7B%7B&q=((');
    expect(view.range).toEqual({ kind: 'all' });
    expect(view.pills).toEqual([pill('actor', null)]);
    expect(view.broken).toEqual({ time: 'soon', pills: ['{{'] });
  });

  it('keeps the filters when the time changes, and the parameters of the screen', () => {
    const changed = writeView(new URLSearchParams('f=actor:unknown&call=3:7'), { range: { kind: 'last', amount: 1, unit: 'h' } });
    expect(changed.get('f')).toBe('actor:unknown');
    expect(changed.get('call')).toBe('3:7');
  });

  it('goes along to another screen without the parameters of this one', () => {
    expect(spell(carried(new URLSearchParams('t=24h&call=3:7&f=nonsense')))).toBe('?t=24h');
    const link = linkTo('/calls', new URLSearchParams('t=24h&by=actor'), { add: [pill('service', 'monolith')] }, { call: '3:7' });
    expect(link).toBe('/calls?t=24h&f=service:monolith&call=3:7');
  });
});

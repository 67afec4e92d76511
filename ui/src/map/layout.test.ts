import { describe, expect, it } from 'vitest';

import type { Compared, Link } from '../api/types';
import { flowsOf, type Flow } from './flows';
import { layout } from './layout';

const link = (actor: string | null, operation: string | null, service: string | null, calls: number): Link => ({ actor, operation, service, calls, marks: 0 });
const plain = (links: Link[]): Flow[] => flowsOf(links, undefined);
const isMonolith = (name: string | null) => name === 'monolith';

const LINKS = [link('portal', 'transfer', 'monolith', 60), link('portal', 'transfer', 'transfers', 30), link(null, 'block', 'monolith', 8), link('branch', null, 'monolith', 2)];

describe('the map', () => {
  it('has a column each for actors, operations and services', () => {
    const { boxes } = layout(plain(LINKS), isMonolith);
    const names = (side: string) => boxes.filter((it) => it.side === side).map((it) => it.name);
    // The unknown stand last, the monolith first.
    expect(names('actor')).toEqual(['portal', 'branch', null]);
    expect(names('operation')).toEqual(['transfer', 'block', null]);
    expect(names('service')).toEqual(['monolith', 'transfers']);
    expect(boxes.find((it) => it.name === 'monolith')?.calls).toBe(70);
  });

  it('never lets boxes of a column overlap, nor ribbons leave their boxes', () => {
    const many = Array.from({ length: 60 }, (_, n) => link(`actor ${n % 20}`, `operation ${n % 7}`, `service ${n % 3}`, 1 + n * n));
    const { boxes, ribbons, height } = layout(plain(many), isMonolith);
    for (const side of ['actor', 'operation', 'service']) {
      const column = boxes.filter((it) => it.side === side);
      column.reduce((below, it) => {
        expect(it.top).toBeGreaterThanOrEqual(below);
        return it.top + it.height;
      }, 0);
      expect(Math.max(...column.map((it) => it.top + it.height))).toBeLessThanOrEqual(height + 0.001);
    }
    for (const it of ribbons) {
      const [from, to] = [boxes.find((box) => box.id === it.from), boxes.find((box) => box.id === it.to)];
      expect(it.start).toBeGreaterThanOrEqual(from?.top ?? Infinity);
      expect(it.start).toBeLessThanOrEqual((from?.top ?? 0) + (from?.height ?? 0));
      expect(it.end).toBeGreaterThanOrEqual(to?.top ?? Infinity);
      expect(it.end).toBeLessThanOrEqual((to?.top ?? 0) + (to?.height ?? 0));
    }
  });

  it('loses no call: what has no room of its own shares a box', () => {
    const many = Array.from({ length: 40 }, (_, n) => link(`actor ${n}`, 'transfer', 'monolith', n + 1));
    const { boxes, ribbons } = layout(plain(many), isMonolith);
    const actors = boxes.filter((it) => it.side === 'actor');
    expect(actors.length).toBe(14);
    expect(actors.at(-1)?.others).toBe(27);
    const whole = 40 * 41 / 2;
    expect(actors.reduce((sum, it) => sum + it.calls, 0)).toBe(whole);
    for (const gap of [0, 1]) expect(ribbons.filter((it) => it.gap === gap).reduce((sum, it) => sum + it.calls, 0)).toBe(whole);
  });

  it('is empty where nothing is', () => {
    expect(layout([], isMonolith)).toEqual({ boxes: [], ribbons: [], height: 0 });
  });
});

describe('a map held against what was seen', () => {
  const thing = { actor: null, operation: null, service: null, calls: 0 };
  const compared: Compared = {
    confirmed: [],
    unseen: [{ ...thing, kind: 'operation', operation: 'ceiling', service: 'monolith' }, { ...thing, kind: 'actor', actor: 'agency' }],
    unmapped: [{ ...thing, kind: 'operation', operation: 'block', service: 'monolith', calls: 8 }],
  };

  it('says of each call whether it is on it, and adds what nobody saw', () => {
    const flows = flowsOf(LINKS, compared);
    expect(flows.map((it) => it.standing)).toEqual(['confirmed', 'confirmed', 'unmapped', 'confirmed', 'unseen', 'unseen']);
    const { boxes, ribbons } = layout(flows, isMonolith);
    expect(boxes.filter((it) => it.standing === 'unseen').map((it) => it.name)).toEqual(['agency', 'ceiling']);
    // What nobody saw has a way all the same, where the map knows one.
    expect(ribbons.filter((it) => it.standing === 'unseen').map((it) => [it.gap, it.calls])).toEqual([[1, 0]]);
  });
});

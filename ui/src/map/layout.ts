/** Where the boxes and ribbons of the map stand. Nothing here knows the page. */

import type { Name } from '../api/types';
import type { Flow, Standing } from './flows';

export type Side = 'actor' | 'operation' | 'service';
export const SIDES: readonly Side[] = ['actor', 'operation', 'service'];

/** One name in its column. */
export interface Box {
  id: string;
  side: Side;
  name: Name;
  /** Names that share this box, where a column has too many. */
  others: number;
  calls: number;
  marks: number;
  standing: Standing;
  top: number;
  height: number;
}

/** Calls between two boxes that stand side by side. */
export interface Ribbon {
  id: string;
  from: string;
  to: string;
  /** Which gap between columns it crosses: 0 or 1. */
  gap: 0 | 1;
  service: Name | undefined;
  calls: number;
  standing: Standing;
  /** The middle and the thickness of each end. */
  start: number;
  end: number;
  thick: number;
  /** Boxes on its way. */
  path: readonly string[];
}

export interface Layout {
  boxes: Box[];
  ribbons: Ribbon[];
  height: number;
}

/** So many boxes in a column; the rest shares one. */
const MOST = 14;
const LEAST_HEIGHT = 40;
const GAP = 10;
/** All calls together are as thick as this. */
const WHOLE = 300;
const THIN = 1.5;

const OTHERS = '(others)';

export function layout(flows: readonly Flow[], isMonolith: (name: Name) => boolean): Layout {
  const all = flows.reduce((sum, it) => sum + it.calls, 0);
  const scale = all === 0 ? 0 : WHOLE / all;
  const columns = SIDES.map((side) => column(side, flows, scale, isMonolith));
  const tallest = Math.max(0, ...columns.map((it) => heightOf(it)));
  for (const boxes of columns) {
    let top = (tallest - heightOf(boxes)) / 2;
    for (const box of boxes) {
      box.top = top;
      top += box.height + GAP;
    }
  }
  const boxes = columns.flat();
  return { boxes, ribbons: ribbons(flows, boxes, scale), height: tallest };
}

const heightOf = (boxes: readonly Box[]) => boxes.reduce((sum, it) => sum + it.height + GAP, -GAP);
const idOf = (side: Side, name: Name) => `${side} ${name === null ? '' : JSON.stringify(name)}`;

function column(side: Side, flows: readonly Flow[], scale: number, isMonolith: (name: Name) => boolean): Box[] {
  const found = new Map<string, Box>();
  for (const flow of flows) {
    const name = flow[side];
    if (name === undefined) continue;
    const id = idOf(side, name);
    const box = found.get(id) ?? { id, side, name, others: 0, calls: 0, marks: 0, standing: 'unseen', top: 0, height: 0 };
    box.calls += flow.calls;
    box.marks += flow.marks;
    // It is on the map where one of its calls is, and was seen where one was.
    if (flow.standing !== 'unseen' && box.standing !== 'confirmed') box.standing = flow.standing;
    found.set(id, box);
  }
  const order = (box: Box) => (side === 'service' && isMonolith(box.name) ? 0 : box.name === null ? 2 : 1);
  const sorted = [...found.values()].sort((a, b) => order(a) - order(b) || b.calls - a.calls || String(a.name).localeCompare(String(b.name)));
  const shown = sorted.length > MOST ? together(side, sorted) : sorted;
  return shown.map((it) => ({ ...it, height: Math.max(LEAST_HEIGHT, it.calls * scale) }));
}

/** The smallest share one box. */
function together(side: Side, boxes: readonly Box[]): Box[] {
  const bySize = [...boxes].sort((a, b) => b.calls - a.calls);
  const kept = new Set(bySize.slice(0, MOST - 1));
  const rest = bySize.slice(MOST - 1);
  const sum = (of: (box: Box) => number) => rest.reduce((all, it) => all + of(it), 0);
  const others: Box = { id: `${side} ${OTHERS}`, side, name: null, others: rest.length, calls: sum((it) => it.calls), marks: sum((it) => it.marks), standing: 'plain', top: 0, height: 0 };
  return [...boxes.filter((it) => kept.has(it)), others];
}

function ribbons(flows: readonly Flow[], boxes: readonly Box[], scale: number): Ribbon[] {
  const place = new Map(boxes.map((it, index) => [it.id, { box: it, index }]));
  const at = (side: Side, name: Name | undefined) => (name === undefined ? undefined : place.get(idOf(side, name)) ?? place.get(`${side} ${OTHERS}`));
  const found = new Map<string, Ribbon>();
  for (const flow of flows) {
    const stops = SIDES.map((side) => at(side, flow[side])?.box.id);
    const path = stops.filter((it) => it !== undefined);
    for (const gap of [0, 1] as const) {
      const [from, to] = [stops[gap], stops[gap + 1]];
      if (from === undefined || to === undefined) continue;
      // The calls of an actor keep their service's colour on both ways.
      const id = `${stops[0] ?? ''} ${from} ${to} ${stops[2] ?? ''} ${gap}`;
      const known = found.get(id);
      if (known === undefined) {
        found.set(id, { id, from, to, gap, service: flow.service, calls: flow.calls, standing: flow.standing, start: 0, end: 0, thick: 0, path });
      } else {
        known.calls += flow.calls;
        known.standing = worse(known.standing, flow.standing);
      }
    }
  }
  const all = [...found.values()].map((it) => ({ ...it, thick: Math.max(THIN, it.calls * scale) }));
  const order = (id: string | undefined) => place.get(id ?? '')?.index ?? 0;
  for (const { id: box } of boxes) {
    stack(all.filter((it) => it.from === box), 'start', place.get(box)?.box, (it) => order(it.to));
    stack(all.filter((it) => it.to === box), 'end', place.get(box)?.box, (it) => order(it.from));
  }
  return all;
}

/** Ends one below the other, in the middle of their box. */
function stack(ends: Ribbon[], which: 'start' | 'end', box: Box | undefined, order: (it: Ribbon) => number): void {
  if (box === undefined) return;
  ends.sort((a, b) => order(a) - order(b));
  const whole = ends.reduce((sum, it) => sum + it.thick, 0);
  // Many thin ones are thicker together than their box: they overlap rather than leave it.
  const squeeze = Math.min(1, (box.height - 4) / Math.max(whole, 1));
  let top = box.top + (box.height - whole * squeeze) / 2;
  for (const it of ends) {
    it[which] = top + (it.thick * squeeze) / 2;
    top += it.thick * squeeze;
  }
}

function worse(a: Standing, b: Standing): Standing {
  const rank: readonly Standing[] = ['unseen', 'plain', 'confirmed', 'unmapped'];
  return rank.indexOf(a) > rank.indexOf(b) ? a : b;
}

import type { Call } from '../api/types';
import type { Field } from '../query/fields';
import type { Pill } from '../query/pill';
import { pill } from '../query/pill';

export type ColumnId = Exclude<keyof Call, 'key' | 'line'>;

interface Shape {
  /** Pixels at least. */
  width: number;
  /** Its part of what is left over. */
  grow?: number;
  numeric?: boolean;
  mono?: boolean;
}

/** Every column there is, in the order of the menu. */
export const COLUMNS: Record<ColumnId, Shape> = {
  time: { width: 170 },
  status: { width: 40, numeric: true },
  method: { width: 52 },
  target: { width: 120, grow: 3, mono: true },
  endpoint: { width: 180, grow: 2, mono: true },
  operations: { width: 104, grow: 1.2 },
  actor: { width: 84, grow: 0.8 },
  service: { width: 84, grow: 0.8 },
  address: { width: 92, mono: true },
  user_agent: { width: 130, grow: 1.4 },
  duration: { width: 62, numeric: true },
  bytes: { width: 76, numeric: true },
  joined: { width: 84 },
  request_id: { width: 150, grow: 1, mono: true },
  source: { width: 100 },
  host: { width: 130 },
  user: { width: 100 },
  referer: { width: 160 },
  role: { width: 80 },
};

export const COLUMN_IDS = Object.keys(COLUMNS) as ColumnId[];
export const USUAL: readonly ColumnId[] = ['time', 'status', 'method', 'target', 'operations', 'actor', 'service', 'address', 'duration'];

/** Reads `c=time,status`; what is no column is left out, and no column at all means the usual ones. */
export function readColumns(text: string | null): readonly ColumnId[] {
  const asked = (text ?? '').split(',');
  const known = asked.filter((it): it is ColumnId => (COLUMN_IDS as string[]).includes(it));
  return known.length === 0 ? USUAL : known;
}

/** What the address says: nothing for the usual columns. */
export function writeColumns(columns: readonly ColumnId[]): string | null {
  const text = columns.join(',');
  return text === USUAL.join(',') || text === '' ? null : text;
}

/** Columns stay in the order of the menu, so that adding one back puts it where it was. */
export function toggleColumn(columns: readonly ColumnId[], id: ColumnId): ColumnId[] {
  const wanted = columns.includes(id) ? columns.filter((it) => it !== id) : [...columns, id];
  return COLUMN_IDS.filter((it) => wanted.includes(it));
}

const GAP = 12;

/** The CSS grid of a row, and the pixels below which it has to scroll. */
export function tracks(columns: readonly ColumnId[]): { grid: string; least: number } {
  const grid = columns.map((id) => {
    const { width, grow } = COLUMNS[id];
    return grow === undefined ? `${width}px` : `minmax(${width}px, ${grow}fr)`;
  });
  const least = columns.reduce((sum, id) => sum + COLUMNS[id].width + GAP, GAP);
  return { grid: grid.join(' '), least };
}

const FIELD_OF: Partial<Record<ColumnId, Field>> = {
  status: 'status', method: 'method', endpoint: 'endpoint', operations: 'operation', actor: 'actor', service: 'service', address: 'address',
  user_agent: 'user_agent', joined: 'joined', request_id: 'request_id', source: 'source', host: 'host', user: 'user', referer: 'referer',
};

/** The pills that keep calls like this one in a column; none where no field asks for it. */
export function pillsOf(call: Call, id: ColumnId): Pill[] {
  const field = FIELD_OF[id];
  if (field === undefined) return [];
  if (id === 'operations') return call.operations.length === 0 ? [pill(field, null)] : call.operations.map((it) => pill(field, it));
  const value = call[id];
  return Array.isArray(value) ? [] : [pill(field, value)];
}

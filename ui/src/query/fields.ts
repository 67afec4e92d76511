/** The fields of the query language (docs/query.md) and what their values are. */

export type ValueKind = 'text' | 'status' | 'address' | 'duration' | 'bytes' | 'joined';

export const FIELDS = {
  service: 'text',
  actor: 'text',
  operation: 'text',
  endpoint: 'text',
  method: 'text',
  path: 'text',
  query: 'text',
  status: 'status',
  address: 'address',
  user_agent: 'text',
  user: 'text',
  host: 'text',
  referer: 'text',
  request_id: 'text',
  joined: 'joined',
  duration: 'duration',
  bytes: 'bytes',
  source: 'text',
  claimed: 'text',
} as const satisfies Record<string, ValueKind>;

export type Field = keyof typeof FIELDS;

export const FIELD_NAMES = Object.keys(FIELDS) as Field[];

export const JOINED_WORDS = ['joined', 'call_only', 'no_id', 'mark_only'] as const;

export function isField(name: string): name is Field {
  return Object.hasOwn(FIELDS, name);
}

/** Whether `<`, `<=`, `>` and `>=` make sense. */
export function isNumeric(field: Field): boolean {
  return ['status', 'duration', 'bytes'].includes(FIELDS[field]);
}

/** The known field that looks most like a misspelt one, if any looks like it at all. */
export function nearest(name: string): Field | undefined {
  let best: { field: Field; distance: number } | undefined;
  for (const field of FIELD_NAMES) {
    const distance = edits(name.toLowerCase(), field);
    if (best === undefined || distance < best.distance) best = { field, distance };
  }
  return best && best.distance <= Math.max(1, Math.floor(best.field.length / 3)) ? best.field : undefined;
}

/** Insertions, deletions, replacements and swaps of neighbours (Damerau 1964, restricted). */
function edits(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replaced, at(last, j) + 1, at(row, j - 1) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, at(before, j - 2) + 1);
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

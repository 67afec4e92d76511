import createClient from 'openapi-fetch';

import type { paths } from '../../generated/api';

/** An answer that is no answer: RFC 9457, or what comes nearest to it. */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  /** Bytes of `where` that are wrong. */
  readonly at: { start: number; end: number } | undefined;

  constructor(status: number, title: string, detail: string, at?: { start: number; end: number }) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.title = title;
    this.at = at;
  }
}

export const BASE = '/api/v1';

/** What the API's description says may be asked, and what is answered. */
export const api = createClient<paths>({ credentials: 'same-origin' });

export type Params = Record<string, string | number | boolean | undefined>;

/** A path under the API with its parameters, for a link; those without a value are left out. */
export function address(path: string, params: Params = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return BASE + path + (text === '' ? '' : `?${text}`);
}

/** What came back; anything but an answer is thrown as a {@link Problem}. */
export async function answer<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await asked.catch((failed: unknown) => {
    if (failed instanceof DOMException && failed.name === 'AbortError') throw failed;
    throw new Problem(0, 'unreachable', '');
  });
  if (!response.ok) throw problem(response, error);
  return data as T;
}

function problem(response: Response, said: unknown): Problem {
  if (typeof said !== 'object' || said === null) return new Problem(response.status, response.statusText, String(said ?? '').slice(0, 400));
  const { title, detail, at } = said as Partial<{ title: string; detail: string; at: { start: number; end: number } }>;
  return new Problem(response.status, title ?? response.statusText, detail ?? JSON.stringify(said), at);
}

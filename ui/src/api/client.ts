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

export type Params = Record<string, string | number | undefined>;

/** A path under the API with its parameters; those without a value are left out. */
export function address(path: string, params: Params = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return BASE + path + (text === '' ? '' : `?${text}`);
}

export async function get<T>(path: string, params: Params, signal?: AbortSignal): Promise<T> {
  return answer<T>(await reach(address(path, params), signal === undefined ? {} : { signal }));
}

export async function post<T>(path: string, body: unknown): Promise<T> {
  const headers = { 'Content-Type': 'application/json' };
  return answer<T>(await reach(address(path), { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, credentials: 'same-origin' });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Problem(0, 'unreachable', '');
  }
}

async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (response.ok) return (text === '' ? null : JSON.parse(text)) as T;
  throw problem(response, text);
}

function problem(response: Response, text: string): Problem {
  try {
    const body = JSON.parse(text) as Partial<{ title: string; detail: string; at: { start: number; end: number } }>;
    return new Problem(response.status, body.title ?? response.statusText, body.detail ?? text, body.at);
  } catch {
    return new Problem(response.status, response.statusText, text.slice(0, 400));
  }
}

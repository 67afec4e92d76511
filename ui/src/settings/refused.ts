import type { Format } from '../format/format';
import type { SourceHealth } from '../api/types';
import type { Words } from '../lang/en';

type Refused = NonNullable<SourceHealth['network']>['refused'];

/** What a source refused, by reason, the most frequent first; empty where it refused nothing. */
export function refusals(refused: Refused, t: Words, f: Format): string {
  const words: Readonly<Record<string, (n: number, text: string) => string>> = t.settings.refusedWords;
  const some = refused.filter((it) => it.count > 0).sort((a, b) => b.count - a.count);
  return f.list(some.map((it) => words[it.reason]?.(it.count, f.count(it.count)) ?? `${f.count(it.count)} (${it.reason})`));
}

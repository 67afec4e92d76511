import type { Compared, Link, Name } from '../api/types';

/** What a hand-made map says of what was seen; without a map, nothing. */
export type Standing = 'plain' | 'confirmed' | 'unmapped' | 'unseen';

/** Calls of an actor of an operation on a service; what a map alone knows has no calls, and may lack parts. */
export interface Flow {
  /** `undefined`: the map does not say. */
  actor: Name | undefined;
  operation: Name | undefined;
  service: Name | undefined;
  calls: number;
  /** Marks without a call. */
  marks: number;
  standing: Standing;
}

/** What was seen, and what a map knows besides. */
export function flowsOf(links: readonly Link[], compared: Compared | undefined): Flow[] {
  const seen = links.map((it): Flow => ({ ...it, standing: compared === undefined ? 'plain' : isUnmapped(it, compared) ? 'unmapped' : 'confirmed' }));
  const unseen = (compared?.unseen ?? []).map((it): Flow => ({
    actor: it.kind === 'actor' || it.kind === 'call' ? it.actor : undefined,
    operation: it.kind === 'operation' || it.kind === 'call' ? it.operation : undefined,
    service: it.service ?? undefined,
    calls: 0, marks: 0, standing: 'unseen',
  }));
  return [...seen, ...unseen];
}

/** Whether the map lacks a part of it. Whom and what nobody could name no map can have. */
function isUnmapped(link: Link, { unmapped }: Compared): boolean {
  return unmapped.some((it) => {
    switch (it.kind) {
      case 'actor':
        return it.actor === link.actor;
      case 'service':
        return it.service === link.service;
      case 'operation':
        return it.operation === link.operation && it.service === link.service;
      default:
        return it.actor === link.actor && it.operation === link.operation && it.service === link.service;
    }
  });
}

import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import type { Lang } from '../format/format';
import { BASE } from './client';
import type { Alert } from './types';

/** Counting again more often than this would only tire the reader. */
const LEAST_PAUSE = 1000;

export type Connection = 'open' | 'lost';

export interface Live {
  now: number;
  connection: Connection;
  refresh: () => void;
}

/** Follows the server's events: `now` moves on when calls arrived, unless the reader paused. */
export function useLive(following: boolean, lang: Lang, onAlert: (alert: Alert) => void): Live {
  const client = useQueryClient();
  const [now, setNow] = useState(() => Date.now());
  const [connection, setConnection] = useState<Connection>('open');
  const told = useRef(onAlert);
  const follows = useRef(following);
  useEffect(() => {
    told.current = onAlert;
    follows.current = following;
  });

  const refresh = useRef(() => {
    setNow(Date.now());
    void client.invalidateQueries();
  });

  useEffect(() => {
    const events = new EventSource(`${BASE}/events?lang=${lang}`);
    let timer: number | undefined;
    const soon = () => {
      if (!follows.current || timer !== undefined) return;
      timer = window.setTimeout(() => {
        timer = undefined;
        if (follows.current) refresh.current();
      }, LEAST_PAUSE);
    };
    events.addEventListener('open', () => setConnection('open'));
    events.addEventListener('error', () => setConnection('lost'));
    events.addEventListener('commit', soon);
    events.addEventListener('rules', () => void client.invalidateQueries());
    events.addEventListener('alert', (event: MessageEvent<string>) => {
      void client.invalidateQueries({ queryKey: ['/alerts'] });
      told.current(JSON.parse(event.data) as Alert);
    });
    return () => {
      window.clearTimeout(timer);
      events.close();
    };
  }, [client, lang]);

  // Coming back from a pause, the reader wants what was missed.
  const before = useRef(following);
  useEffect(() => {
    if (following && !before.current) refresh.current();
    before.current = following;
  }, [following]);

  return { now, connection, refresh: refresh.current };
}

import { Button } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useNavigate } from 'react-router';

import { answer, api, Problem } from '../api/client';
import { useAlerts } from '../api/queries';
import { useLang } from '../lang/Lang';
import { useToast } from '../shell/Toasts';
import { useView } from '../view/useView';

/** What the old computer asks for. */
const OPERATION = 'card block';
/** Time enough to read what this step is about, and to look where it will be seen. */
const MOMENT = 4000;

/** Lets the old computer call while somebody watches, and leads to its line when it has arrived. */
export function LiveStep() {
  const { t, f } = useLang();
  const { link } = useView();
  const navigate = useNavigate();
  const say = useToast();
  const alerts = useAlerts('all').data?.alerts;
  const alert = alerts?.find((it) => it.kind === 'residual_call' && it.operation === OPERATION);
  const calls = alert?.count ?? 0;
  /** How many calls there were when it was asked for one more. */
  const [before, setBefore] = useState<number | null>(null);
  const arrived = before !== null && calls > before;

  const call = async () => {
    setBefore(calls);
    try {
      await answer(api.POST('/api/v1/demo/call'));
    } catch (failed) {
      setBefore(null);
      say(failed instanceof Problem ? failed.message : t.problem.failed);
    }
  };

  // By itself once, as soon as it is known how many there were.
  const latest = useRef(call);
  useEffect(() => {
    latest.current = call;
  });
  const known = alerts !== undefined;
  useEffect(() => {
    if (!known) return;
    const timer = window.setTimeout(() => void latest.current(), MOMENT);
    return () => window.clearTimeout(timer);
  }, [known]);

  if (!arrived || alert === undefined) return <Button size="compact-sm" loading={before !== null} onClick={() => void call()}>{t.tour.steps.live.call}</Button>;
  const last = Date.parse(alert.last ?? alert.opened);
  const shown = link('/calls', { typed: alert.where ?? '', pills: [], range: { kind: 'between', from: last - 60_000, to: last + 60_000 } });
  return (
    <>
      <span className="num" role="status">{t.tour.steps.live.arrived(f.clock(last))}</span>
      <Button size="compact-sm" variant="default" onClick={() => void call()}>{t.tour.steps.live.again}</Button>
      <Button size="compact-sm" onClick={() => void navigate(shown)}>{t.tour.steps.live.show}</Button>
    </>
  );
}

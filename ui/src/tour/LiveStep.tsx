import { Button } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router';

import { answer, api, Problem } from '../api/client';
import { useAlerts } from '../api/queries';
import { useLang } from '../lang/Lang';
import { useToast } from '../shell/Toasts';
import { useView } from '../view/useView';

/** What the old computer asks for. */
const OPERATION = 'card block';
/** A call that came so long ago was not seen to come. */
const FRESH = 10 * 60_000;

/** Lets the old computer call once more, and leads to its line when it has arrived. */
export function LiveStep() {
  const { t, f } = useLang();
  const { link } = useView();
  const navigate = useNavigate();
  const say = useToast();
  const [asked, setAsked] = useState<number | null>(null);
  const alert = useAlerts('all').data?.alerts.find((it) => it.kind === 'residual_call' && it.operation === OPERATION);
  const last = Date.parse(alert?.last ?? '');
  const arrived = last > (asked ?? Date.now() - FRESH) - 1000;

  const call = async () => {
    setAsked(Date.now());
    try {
      await answer(api.POST('/api/v1/demo/call'));
    } catch (failed) {
      setAsked(null);
      say(failed instanceof Problem ? failed.message : t.problem.failed);
    }
  };
  if (!arrived) return <Button size="compact-sm" loading={asked !== null} onClick={() => void call()}>{t.tour.steps.live.call}</Button>;
  const calls = link('/calls', { typed: alert?.where ?? '', pills: [], range: { kind: 'between', from: last - 60_000, to: last + 60_000 } });
  return (
    <>
      <span className="num" role="status">{t.tour.steps.live.arrived(f.clock(last))}</span>
      <Button size="compact-sm" onClick={() => void navigate(calls)}>{t.tour.steps.live.show}</Button>
    </>
  );
}

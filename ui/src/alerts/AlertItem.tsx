import { Button, Menu } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';

import { answer, api } from '../api/client';
import { useMeta } from '../api/queries';
import type { Alert } from '../api/types';
import { useLang } from '../lang/Lang';
import { Failure } from '../parts/Card';
import { useToast } from '../shell/Toasts';
import { Icon, type IconName } from '../theme/Icon';
import { useScope } from '../view/Scope';
import { ALL, type Range } from '../view/time';
import { useView } from '../view/useView';
import styles from './AlertItem.module.css';
import { LoneMarks } from './LoneMarks';
import { isMuted, isQuiet } from './quiet';
import { kindOf, titleOf, type AlertKind } from './title';

const ICON: Record<AlertKind, IconName> = { residual_call: 'warning', unknown_caller: 'callers', mark_only: 'eye', no_id: 'info', silent_source: 'bellOff' };
const DAY = 86_400_000;
const MUTES = { day: DAY, week: 7 * DAY, month: 30 * DAY } as const;

/** One alert: what, why, since when; and what one can do about it. */
export function AlertItem({ alert }: { alert: Alert }) {
  const { t, f } = useLang();
  const { link } = useView();
  const { now } = useScope();
  const say = useToast();
  const client = useQueryClient();
  const declared = useMeta().data?.operations.find((it) => it.operation === alert.operation && it.service === alert.service);
  const [error, setError] = useState<Error | null>(null);
  const [lines, setLines] = useState(false);

  const path = { id: alert.id };
  const tell = async (said: () => Promise<unknown>, done: string, undo?: () => void) => {
    setError(null);
    try {
      await said();
      await client.invalidateQueries({ queryKey: ['/alerts'] });
      say(done, undo && { label: t.undo, run: undo });
    } catch (failed) {
      if (failed instanceof Error) setError(failed);
    }
  };
  const mute = (length: number) => {
    const until = new Date(Date.now() + length).toISOString();
    void tell(() => answer(api.POST('/api/v1/alerts/{id}/mute', { params: { path }, body: { until } })), t.alerts.mutedToast(f.day(until)), unmute);
  };
  const unmute = () => void tell(() => answer(api.DELETE('/api/v1/alerts/{id}/mute', { params: { path } })), t.alerts.unmutedToast);
  const acknowledge = () => void tell(() => answer(api.POST('/api/v1/alerts/{id}/acknowledge', { params: { path } })), t.alerts.acknowledgedToast, reopen);
  const reopen = () => void tell(() => answer(api.DELETE('/api/v1/alerts/{id}/acknowledge', { params: { path } })), t.alerts.reopenedToast);
  const kind = kindOf(alert);
  const last = alert.last ?? alert.opened;
  const muted = isMuted(alert, Date.now());
  const quiet = isQuiet(alert, Date.now());
  const urgent = alert.kind === 'residual_call' && !quiet;
  return (
    <li className={`${styles.alert} ${urgent ? styles.urgent : ''} ${quiet ? styles.quiet : ''}`} data-alert={alert.kind}>
      <span className={styles.icon}><Icon name={ICON[kind]} size={18} /></span>
      <div className={styles.text}>
        <div className={styles.kind}>
          {t.alerts.kinds[kind]}
          {alert.acknowledged !== null && <span> · {t.alerts.acknowledged(f.ago(alert.acknowledged, now))}</span>}
          {muted && alert.muted_until !== null && <span> · {t.alerts.muted(f.day(alert.muted_until))}</span>}
        </div>
        <h2>{titleOf(alert)}</h2>
        {kind === 'residual_call' && declared?.retired != null && <p>{t.panel.retiredOn(f.day(declared.retired))}</p>}
        <div className={`${styles.when} num`}>
          <span title={f.time(last)}>{t.alerts.since(f.time(alert.first ?? last), f.ago(last, now))}</span> · {t.alerts.times(alert.count, f.count(alert.count))}
        </div>
        {error && <Failure error={error} />}
        {lines && <LoneMarks id={alert.id} />}
      </div>
      <div className={styles.actions}>
        {alert.kind === 'mark_only' && (
          <Button size="xs" variant="default" aria-expanded={lines} onClick={() => setLines(!lines)}>{lines ? t.alerts.hideLines : t.alerts.showLines}</Button>
        )}
        {alert.where === null ? (
          alert.operation === null
            ? <Button component={Link} to="/settings" size="xs" variant="default">{t.alerts.see}</Button>
            : <Button component={Link} to={link(`/operations/${encodeURIComponent(alert.operation)}`)} size="xs" variant="default">{t.alerts.seeOperation}</Button>
        ) : (
          <Button component={Link} to={link('/calls', { typed: alert.where, pills: [], range: rangeOf(alert, declared?.retired ?? null) })} size="xs" variant={urgent ? 'filled' : 'default'}>{t.showCalls}</Button>
        )}
        {alert.kind === 'unknown_caller' && <Button component={Link} to={link('/callers')} size="xs" variant="default">{t.alerts.name}</Button>}
        {alert.acknowledged === null
          ? <Button size="xs" variant="default" leftSection={<Icon name="check" size={14} />} onClick={acknowledge}>{t.alerts.acknowledge}</Button>
          : <Button size="xs" variant="default" onClick={reopen}>{t.alerts.reopen}</Button>}
        {muted && <Button size="xs" variant="default" onClick={unmute}>{t.alerts.unmute}</Button>}
        <Menu position="bottom-end" shadow="md">
          <Menu.Target>
            <Button size="xs" variant="subtle" color="gray" rightSection={<Icon name="down" size={13} />}>{t.alerts.mute}</Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>{t.alerts.muteFor}</Menu.Label>
            {(['day', 'week', 'month'] as const).map((it) => <Menu.Item key={it} onClick={() => mute(MUTES[it])}>{t.alerts.mutes[it]}</Menu.Item>)}
          </Menu.Dropdown>
        </Menu>
      </div>
    </li>
  );
}

/** Of a residual call, what came since the operation was retired; before, it was no fault. */
function rangeOf(alert: Alert, retired: string | null): Range {
  if (alert.kind !== 'residual_call' || retired === null) return ALL;
  return { kind: 'between', from: Date.parse(retired), to: Date.parse(alert.last ?? alert.opened) + 1000 };
}

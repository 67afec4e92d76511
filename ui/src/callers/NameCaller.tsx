import { Autocomplete, Button, Checkbox, Menu } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';

import { useMeta } from '../api/queries';
import type { Caller, Candidate } from '../api/types';
import { useLang } from '../lang/Lang';
import { Failure } from '../parts/Card';
import { isMasked } from '../parts/masks';
import { pill } from '../query/pill';
import { useToast } from '../shell/Toasts';
import { Icon } from '../theme/Icon';
import { useView } from '../view/useView';
import { name as nameThem, undo } from './actor';
import { Evidence } from './Evidence';
import { named, proposed, rule, toml } from './rule';
import styles from './NameCaller.module.css';

const DAY = 86_400_000;

interface Props {
  /** One, or several that are to be one. */
  candidates: readonly Candidate[];
  /** The callers that they are made of, and all that nobody has named. */
  callers: readonly Caller[];
  all: readonly Caller[];
  ignored: boolean;
  onNamed: () => void;
  /** Until an instant; `null` shows it again. */
  onIgnore: (until: number | null) => void;
}

/** What is known of one candidate or of several, and the rule that would name them. */
export function NameCaller({ candidates, callers, all, ignored, onNamed, onIgnore }: Props) {
  const { t, f } = useLang();
  const { link } = useView();
  const meta = useMeta().data;
  const say = useToast();
  const client = useQueryClient();
  const [name, setName] = useState(() => (candidates.length === 1 ? candidates[0]?.proposed_name ?? '' : ''));
  const [by, setBy] = useState(() => proposed(candidates));
  const [tried, setTried] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const [shown, setShown] = useState<string | null>(null);

  const actor = rule(name, candidates, by);
  const recognises = by.agent || by.address || actor.user != null;
  const hits = recognises ? named(actor, all) : [];
  const others = hits.filter((it) => !callers.includes(it));
  const calls = hits.reduce((sum, it) => sum + it.calls, 0);
  // Nobody is recognised by a mask: the rule is made of what was logged.
  const masked = isMasked(actor.user_agent ?? '') || isMasked(actor.user ?? '');
  const missing = tried && actor.name === '';

  const takeBack = async (token: string) => {
    await undo(token);
    await client.invalidateQueries();
    say(t.callers.undone);
  };
  const save = async () => {
    setTried(true);
    if (actor.name === '' || !recognises) return;
    setError(null);
    try {
      const added = await nameThem(actor);
      if (!added.applied) return setShown(added.rule);
      onNamed();
      await client.invalidateQueries();
      say(t.callers.saved(actor.name), { label: t.undo, run: () => void takeBack(added.undo) });
    } catch (failed) {
      if (failed instanceof Error) setError(failed);
    }
  };
  const [first] = callers;
  const ignore = (days: number) => {
    onIgnore(Date.now() + days * DAY);
    say(t.callers.ignoredToast, { label: t.undo, run: () => onIgnore(null) });
  };
  const pills = callers.length === 1 && first ? [pill('actor', null), pill('address', first.address), pill('user_agent', first.user_agent)] : [pill('actor', null)];
  return (
    <div className={styles.panel}>
      <section>
        <h2>{t.callers.evidence}</h2>
        <Evidence candidates={candidates} />
        <div className={styles.actions}>
          <Button component={Link} to={link('/calls', { add: pills })} size="compact-sm" variant="default" leftSection={<Icon name="calls" size={14} />}>{t.showCalls}</Button>
          {ignored ? (
            <Button size="compact-sm" variant="default" leftSection={<Icon name="eye" size={14} />} onClick={() => onIgnore(null)}>{t.callers.unignore}</Button>
          ) : (
            <Menu position="bottom-start" shadow="md">
              <Menu.Target>
                <Button size="compact-sm" variant="default" leftSection={<Icon name="hide" size={14} />}>{t.callers.ignore}</Button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Label>{t.callers.ignoreHint}</Menu.Label>
                {([[1, 'day'], [7, 'week'], [30, 'month']] as const).map(([days, length]) => <Menu.Item key={length} onClick={() => ignore(days)}>{t.alerts.mutes[length]}</Menu.Item>)}
              </Menu.Dropdown>
            </Menu>
          )}
        </div>
      </section>
      <form onSubmit={(event) => { event.preventDefault(); void save(); }}>
        <h2>{t.callers.rule}</h2>
        <Autocomplete
          id="actor-name"
          label={t.callers.name}
          placeholder={t.callers.namePlaceholder}
          description={meta !== undefined && meta.actors.length > 0 ? t.callers.actorOr : undefined}
          data={meta?.actors ?? []}
          value={name}
          error={missing ? t.callers.nameWanted : undefined}
          onChange={setName}
        />
        <fieldset className={styles.by}>
          <legend>{t.callers.recognise}</legend>
          <Checkbox size="sm" label={t.callers.byAgent} checked={by.agent} disabled={candidates.every((it) => it.user_agents.length === 0)} onChange={(event) => setBy({ ...by, agent: event.currentTarget.checked })} />
          <Checkbox size="sm" label={t.callers.byAddress} checked={by.address} disabled={candidates.every((it) => it.addresses.length === 0)} onChange={(event) => setBy({ ...by, address: event.currentTarget.checked })} />
        </fieldset>
        <pre className={styles.rule}>{toml({ ...actor, name: actor.name === '' ? '…' : actor.name })}</pre>
        <p className={styles.matches}>
          {t.callers.matches(f.count(hits.length), f.count(calls))}
          {others.length > 0 && <b> {t.callers.wide} {f.list(others.slice(0, 4).map((it) => `${it.address ?? ''} ${it.user_agent ?? ''}`.trim()))}</b>}
        </p>
        {error && <Failure error={error} />}
        {shown !== null && <p className={styles.matches} role="status">{t.callers.notApplied}</p>}
        {shown !== null && <pre className={styles.rule}>{shown}</pre>}
        {meta?.read_only === true ? (
          <p className={styles.matches}>{t.callers.readOnly}</p>
        ) : masked ? (
          <p className={styles.matches}>{t.callers.maskedRule}</p>
        ) : (
          <Button type="submit" leftSection={<Icon name="check" />}>
            {candidates.length === 1 ? t.callers.save : t.callers.saveMany(f.count(candidates.length))}
          </Button>
        )}
      </form>
    </div>
  );
}

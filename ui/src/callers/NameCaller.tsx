import { Autocomplete, Button, Checkbox } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';

import { post } from '../api/client';
import { useMeta } from '../api/queries';
import type { ActorAdded, Caller } from '../api/types';
import { useLang } from '../lang/Lang';
import { Failure } from '../parts/Card';
import { pill } from '../query/pill';
import { useToast } from '../shell/Toasts';
import { Icon } from '../theme/Icon';
import { useView } from '../view/useView';
import { Evidence } from './Evidence';
import { named, proposal, rule, toml } from './rule';
import styles from './NameCaller.module.css';

/** What is known of one caller or of several, and the rule that would name them. */
export function NameCaller({ callers, all, onNamed }: { callers: readonly Caller[]; all: readonly Caller[]; onNamed: () => void }) {
  const { t, f } = useLang();
  const { link } = useView();
  const meta = useMeta().data;
  const say = useToast();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [by, setBy] = useState(() => proposal(callers));
  const [tried, setTried] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const [shown, setShown] = useState<string | null>(null);

  const actor = rule(name, callers, by);
  const hits = by.agent || by.address ? named(actor, all) : [];
  const others = hits.filter((it) => !callers.includes(it));
  const calls = hits.reduce((sum, it) => sum + it.calls, 0);
  const missing = tried && actor.name === '';

  const undo = async (token: string) => {
    await post(`/undo/${encodeURIComponent(token)}`, {});
    await client.invalidateQueries();
    say(t.callers.undone);
  };
  const save = async () => {
    setTried(true);
    if (actor.name === '' || (!by.agent && !by.address)) return;
    setError(null);
    try {
      const added = await post<ActorAdded>('/actors', actor);
      if (!added.applied) return setShown(added.rule);
      onNamed();
      await client.invalidateQueries();
      say(t.callers.saved(actor.name), { label: t.undo, run: () => void undo(added.undo) });
    } catch (failed) {
      if (failed instanceof Error) setError(failed);
    }
  };
  const [first] = callers;
  const pills = callers.length === 1 && first ? [pill('actor', null), pill('address', first.address), pill('user_agent', first.user_agent)] : [pill('actor', null)];
  return (
    <div className={styles.panel}>
      <section>
        <h2>{t.callers.evidence}</h2>
        <Evidence callers={callers} />
        <Button component={Link} to={link('/calls', { add: pills })} size="compact-sm" variant="default" leftSection={<Icon name="calls" size={14} />}>{t.showCalls}</Button>
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
          <Checkbox size="sm" label={t.callers.byAgent} checked={by.agent} disabled={callers.every((it) => it.user_agent === null)} onChange={(event) => setBy({ ...by, agent: event.currentTarget.checked })} />
          <Checkbox size="sm" label={t.callers.byAddress} checked={by.address} disabled={callers.every((it) => it.address === null)} onChange={(event) => setBy({ ...by, address: event.currentTarget.checked })} />
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
        ) : (
          <Button type="submit" leftSection={<Icon name="check" />}>
            {callers.length === 1 ? t.callers.save : t.callers.saveMany(f.count(callers.length))}
          </Button>
        )}
      </form>
    </div>
  );
}

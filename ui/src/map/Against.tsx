import { Button, Textarea } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { useRef, useState } from 'react';

import { Problem, address } from '../api/client';
import { useTime } from '../api/queries';
import type { Compared, MapThing } from '../api/types';
import { useLang } from '../lang/Lang';
import { Card, Failure } from '../parts/Card';
import { DataTable, type Column } from '../parts/DataTable';
import { Icon } from '../theme/Icon';
import styles from './Against.module.css';

interface Props {
  /** The map that is held against what was seen; empty: none. */
  toml: string;
  onUse: (toml: string) => void;
  compared: UseQueryResult<Compared>;
  filtered: boolean;
}

/** A hand-made map: written, opened or begun here, and what it comes to. */
export function Against({ toml, onUse, compared, filtered }: Props) {
  const { t } = useLang();
  const time = useTime();
  const [text, setText] = useState(toml);
  const [error, setError] = useState<Error | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const take = (taken: string) => {
    setError(null);
    setText(taken);
    onUse(taken);
  };
  const begin = async () => {
    const answer = await fetch(address('/map/seen.toml', { ...time })).catch(() => undefined);
    if (answer?.ok === true) take(await answer.text());
    else setError(new Problem(answer?.status ?? 0, answer?.statusText ?? '', ''));
  };
  const refused = toml.trim() === '' ? null : compared.error;
  return (
    <Card title={t.map.against.title} hint={t.map.against.intro}>
      <div className={styles.against}>
        <form onSubmit={(event) => { event.preventDefault(); take(text); }}>
          <Textarea
            aria-label={t.map.against.toml} classNames={{ input: styles.text ?? '' }} rows={11} spellCheck={false} placeholder={PLACEHOLDER}
            value={text} error={refused !== null} onChange={(event) => setText(event.currentTarget.value)}
          />
          <div className={styles.actions}>
            <Button type="submit" size="compact-sm" disabled={text.trim() === ''}>{t.map.against.compare}</Button>
            <Button size="compact-sm" variant="default" onClick={() => file.current?.click()}>{t.map.against.open}</Button>
            <Button size="compact-sm" variant="default" onClick={() => void begin()}>{t.map.against.begin}</Button>
            {toml !== '' && <Button size="compact-sm" variant="subtle" color="gray" onClick={() => take('')}>{t.map.against.clear}</Button>}
            <a className={styles.download} href={address('/map/seen.toml', { ...time })} download><Icon name="download" size={14} /> {t.map.against.download}</a>
            <input ref={file} type="file" accept=".toml,text/plain" hidden data-map-file onChange={(event) => void event.currentTarget.files?.[0]?.text().then(take)} />
          </div>
          <p className={styles.kept}>{t.map.against.kept}{filtered && ` ${t.map.against.all}`}</p>
        </form>
        {error !== null && <Failure error={error} />}
        {refused !== null ? <Failure error={refused} /> : toml.trim() !== '' && compared.data !== undefined && <Outcome compared={compared.data} />}
      </div>
    </Card>
  );
}

type Difference = MapThing & { standing: 'unseen' | 'unmapped' };

function Outcome({ compared: { confirmed, unseen, unmapped } }: { compared: Compared }) {
  const { t, f } = useLang();
  const words = t.map.against;
  const rows: Difference[] = [...unmapped.map((it) => ({ ...it, standing: 'unmapped' as const })), ...unseen.map((it) => ({ ...it, standing: 'unseen' as const }))];
  const which = (it: MapThing) => {
    const place = it.service === null || it.kind === 'service' ? it.operation ?? '' : words.onService(it.operation ?? '', it.service);
    if (it.kind === 'actor') return it.actor ?? '';
    if (it.kind === 'service') return it.service ?? '';
    return it.kind === 'operation' ? place : words.ofActor(it.actor ?? '', place);
  };
  const columns: Column<Difference>[] = [
    { id: 'standing', header: t.map.standingColumn, value: (it) => it.standing, cell: (it) => <span className={it.standing === 'unmapped' ? 'unknown' : ''}>{t.map.standing[it.standing]}</span> },
    { id: 'kind', header: words.kind, value: (it) => it.kind, cell: (it) => words.kinds[it.kind] ?? it.kind },
    { id: 'which', header: words.what, value: which },
    { id: 'calls', header: t.columns.calls, value: (it) => it.calls, cell: (it) => f.count(it.calls), numeric: true },
  ];
  const counts = { confirmed: confirmed.length, unseen: unseen.length, unmapped: unmapped.length };
  return (
    <div className={styles.outcome} data-outcome={rows.length === 0 ? 'agrees' : 'differs'}>
      <dl className={styles.counts}>
        {(['confirmed', 'unmapped', 'unseen'] as const).map((it) => (
          <div key={it} className={counts[it] > 0 ? styles[it] : ''}>
            <dd className="num">{f.count(counts[it])}</dd>
            <dt>{words.summary[it]}</dt>
          </div>
        ))}
      </dl>
      {rows.length === 0 ? <p className={styles.agrees}><Icon name="check" size={15} /> {words.agrees}</p> : <DataTable label={words.differences} columns={columns} rows={rows} height={250} />}
    </div>
  );
}

const PLACEHOLDER = `actor = ["web portal", "branch tool"]

[[service]]
name = "monolith"
operations = ["external transfer", "card block"]

[[call]]
actor = "branch tool"
operation = "card block"`;

import { Button, Skeleton } from '@mantine/core';
import { Link } from 'react-router';

import type { DeclaredOperation } from '../api/types';
import { useColours } from '../chart/useColours';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { Named } from '../parts/Named';
import type { PanelQuery } from '../panel/types';
import { pill } from '../query/pill';
import { useScope } from '../view/Scope';
import { useView } from '../view/useView';
import { stateOf } from './state';
import { StateBadge } from './StateBadge';
import styles from './Why.module.css';

interface Props {
  /** Of this operation on every service. */
  panel: PanelQuery;
  operation: string;
  service: string | null;
  declared: DeclaredOperation | undefined;
}

/** Why it is still called: who calls the old one, how far each has moved, what to do next. */
export function Why({ panel, operation, service, declared }: Props) {
  const { t, f } = useLang();
  const { link } = useView();
  const { asOf } = useScope();
  const { isMonolith, service: colour } = useColours();
  const { data } = panel;
  if (data === undefined) return <Skeleton height={180} radius="md" aria-label={t.loading} />;

  const of = data.actor_operation_service.filter((it) => it.operation === operation);
  const old = service ?? declared?.service ?? data.services.find((it) => it.monolith)?.service ?? null;
  const row = data.operations.find((it) => it.operation === operation && it.service === old);
  const here = of.filter((it) => it.service === old);
  const calls = sum(here);
  const all = sum(of);
  const unknown = sum(here.filter((it) => it.actor === null));
  const actors = [...new Set(of.map((it) => it.actor))];
  const state = stateOf(row ?? { calls: 0, residual: 0, retired: declared?.retired ?? null }, isMonolith(old), asOf);
  const elsewhere = [...new Set(of.filter((it) => it.service !== old).map((it) => it.service))];
  return (
    <Card title={calls > 0 ? t.operations.why : t.operations.whyNot} controls={<StateBadge state={state} />}>
      <p className={styles.facts}>
        {declared?.retired != null && <>{Date.parse(declared.retired) < asOf ? t.operations.since(f.day(declared.retired)) : t.panel.retiresOn(f.day(declared.retired))}{'. '}</>}
        {row !== undefined && state === 'residual' && <b className={styles.residual}>{t.panel.residual(f.count(row.residual))}. </b>}
        {calls === 0 ? t.operations.whyIdle(old ?? t.unknown) : elsewhere.length > 0 && all > 0 && t.operations.whyMoved(f.share(all - calls, all), f.list(elsewhere.map((it) => it ?? t.unknown)))}
      </p>
      {actors.length > 0 && (
        <table className={styles.actors}>
          <thead>
            <tr>
              <th scope="col">{t.columns.actor}</th>
              <th scope="col">{old ?? t.unknown}</th>
              <th scope="col">{t.operations.elsewhere}</th>
              <th scope="col">{t.operations.movedShare}</th>
            </tr>
          </thead>
          <tbody>
            {actors.map((actor) => {
              const mine = of.filter((it) => it.actor === actor);
              const left = sum(mine.filter((it) => it.service === old));
              const part = sum(mine) === 0 ? 0 : left / sum(mine);
              return (
                <tr key={String(actor)}>
                  <th scope="row">
                    <Link to={link('/calls', { add: [pill('operation', operation), pill('actor', actor), pill('service', old)] })}><Named name={actor} /></Link>
                  </th>
                  <td className="num">{f.count(left)}</td>
                  <td className="num">{f.count(sum(mine) - left)}</td>
                  <td>
                    <span className={styles.way} title={f.share(sum(mine) - left, sum(mine))}>
                      <span style={{ width: `${part * 100}%`, background: colour(old) }} />
                      <span style={{ flex: 1, background: part < 1 ? 'var(--accent)' : 'transparent' }} />
                    </span>
                    <span className={`num dim ${styles.share}`}>{f.share(sum(mine) - left, sum(mine))}</span>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      {calls > 0 && (
        <div className={styles.next}>
          {unknown > 0 && <span>{t.operations.whyUnknown(f.count(unknown))}</span>}
          {unknown > 0 && <Button component={Link} to={link('/callers')} size="compact-sm">{t.operations.nameThem}</Button>}
          <Button component={Link} to={link('/calls', { add: [pill('operation', operation), pill('service', old)] })} size="compact-sm" variant="default">{t.showCalls}</Button>
        </div>
      )}
    </Card>
  );
}

function sum(rows: readonly { calls: number }[]): number {
  return rows.reduce((all, it) => all + it.calls, 0);
}

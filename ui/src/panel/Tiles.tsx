import { Link } from 'react-router';

import { useMeta } from '../api/queries';
import type { DeclaredOperation, OperationRow } from '../api/types';
import { useLang } from '../lang/Lang';
import { useScope } from '../view/Scope';
import { useView } from '../view/useView';
import styles from './Tiles.module.css';
import type { PanelQuery } from './types';

/** A tile for each operation declared on the monolith; a zero is shown, and red once it should be one and is not. */
export function Tiles({ panel }: { panel: PanelQuery }) {
  const { t } = useLang();
  const meta = useMeta().data;
  const { data } = panel;
  const declared = (meta?.operations ?? []).filter((it) => it.service !== null && meta?.monoliths.includes(it.service));
  if (data === undefined || declared.length === 0) return null;
  const services = [...new Set(declared.map((it) => it.service))];
  return services.map((service) => (
    <section key={service} aria-label={t.panel.tiles(service ?? '')}>
      <div className={styles.head}>
        <h2>{t.panel.tiles(service ?? '')}</h2>
        <span>{t.panel.tilesHint}</span>
      </div>
      <ul className={styles.tiles}>
        {declared.filter((it) => it.service === service).map((it) => (
          <Tile key={it.operation} declared={it} row={data.operations.find((row) => row.operation === it.operation && row.service === service)} />
        ))}
      </ul>
    </section>
  ));
}

function Tile({ declared, row }: { declared: DeclaredOperation; row: OperationRow | undefined }) {
  const { t, f } = useLang();
  const { link } = useView();
  const { asOf } = useScope();
  const { operation, service, retired, moved_to: movedTo } = declared;
  const gone = retired !== null && Date.parse(retired) < asOf;
  // Once retired, only what came since counts: before, it was in use.
  const calls = (gone ? row?.residual : row?.calls) ?? 0;
  const before = gone ? (row?.calls ?? 0) - calls : 0;
  const state = gone ? (calls > 0 ? styles.residual : styles.gone) : calls > 0 ? '' : styles.quiet;
  const when = retired === null ? (calls > 0 ? t.panel.inUse : t.panel.quiet) : gone ? t.panel.retiredOn(f.day(retired)) : t.panel.retiresOn(f.day(retired));
  return (
    <li>
      <Link className={`${styles.tile} ${state}`} to={link(`/operations/${encodeURIComponent(operation)}`, {}, { service: service ?? '' })} data-operation={operation}>
        <span className={styles.name}>{operation}</span>
        <span className={`${styles.calls} num`}>{f.count(calls)}{' '}{before > 0 && <span className={styles.before}>{t.panel.before(f.count(before))}</span>}</span>
        <span className={styles.when}>{when}{movedTo === null ? '' : ` · ${t.panel.movedTo(movedTo)}`}</span>
      </Link>
    </li>
  );
}

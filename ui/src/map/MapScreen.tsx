import { useMemo, useState } from 'react';

import { useCompared, useMap, useMeta, useParams } from '../api/queries';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import { NoCalls } from '../parts/NoCalls';
import screen from '../parts/Screen.module.css';
import { ScreenHead } from '../parts/ScreenHead';
import { keep, kept } from '../view/kept';
import { useScope } from '../view/Scope';
import { Against } from './Against';
import { Drawing } from './Drawing';
import { flowsOf } from './flows';
import { FlowTable } from './FlowTable';
import { layout } from './layout';

/** Who calls which operation on which service, as it was seen; and a hand-made map held against it. */
export function MapScreen() {
  const { t, f } = useLang();
  const params = useParams();
  const filtered = useScope().params.where !== undefined;
  const [toml, setToml] = useState(() => kept('map') ?? '');
  const map = useMap();
  const compared = useCompared(toml);
  const monoliths = useMeta().data?.monoliths;
  const { data } = map;
  const held = toml.trim() === '' ? undefined : compared.data;
  // A filter hides calls: what is not seen then may be there all the same.
  const flows = useMemo(() => flowsOf(data?.links ?? [], held).filter((it) => !filtered || it.standing !== 'unseen'), [data, held, filtered]);
  const drawn = useMemo(() => layout(flows, (name) => name !== null && monoliths?.includes(name) === true), [flows, monoliths]);
  const use = (text: string) => {
    keep('map', text);
    setToml(text);
  };
  const counted = (n: number) => ({ n, text: f.count(n) });
  const named = (side: 'actor' | 'operation' | 'service') => counted(new Set(data?.links.map((it) => it[side]).filter((it) => it !== null)).size);
  const hint = data === undefined ? '' : t.map.summary(named('actor'), named('operation'), named('service'), counted(data.calls));
  return (
    <>
      <ScreenHead title={t.map.title} hint={hint} />
      <p className={screen.intro}>{t.map.intro}</p>
      <div className={screen.stack}>
        {data !== undefined && flows.length === 0 ? (
          <NoCalls />
        ) : (
          <Card title={t.map.drawing} query={map} height={420} exported={{ path: '/map', params: { ...params } }} table={<FlowTable flows={flows} compared={held !== undefined} />}>
            <Drawing layout={drawn} />
          </Card>
        )}
        <Against toml={toml} onUse={use} compared={compared} filtered={filtered} />
      </div>
    </>
  );
}

import { Button } from '@mantine/core';

import { useMeta } from '../api/queries';
import { useLang } from '../lang/Lang';
import { ALL } from '../view/time';
import { useView } from '../view/useView';
import { Empty } from './Empty';

/** No call in the range: an empty store, a wrong time, or filters that fit nothing. */
export function NoCalls() {
  const { t, f } = useLang();
  const { view, change } = useView();
  const store = useMeta().data?.store;
  if (store?.calls === 0) {
    return (
      <Empty icon="sources" title={t.panel.emptyStore}>
        <p>{t.panel.emptyStoreHint}</p>
        <pre>dolmen import /var/log/apache2/access.log*</pre>
      </Empty>
    );
  }
  const filtered = view.typed !== '' || view.pills.some((it) => !it.off);
  return (
    <Empty icon="search" title={t.panel.nothing}>
      {filtered && <p>{t.panel.nothingFilter}</p>}
      {store?.from != null && store.to != null && <p>{t.panel.stored(f.day(store.from), f.day(store.to))}</p>}
      {filtered && <Button size="xs" variant="default" onClick={() => change({ typed: '', pills: [] })}>{t.panel.clearFilters}</Button>}
      {view.range.kind !== 'all' && <Button size="xs" variant="default" onClick={() => change({ range: ALL })}>{t.panel.showAll}</Button>}
    </Empty>
  );
}

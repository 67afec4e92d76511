import { Button } from '@mantine/core';
import { useMemo } from 'react';

import { useCalls, useMasked, useParams } from '../api/queries';
import { address } from '../api/client';
import { useLang } from '../lang/Lang';
import { Failure } from '../parts/Card';
import { Lacking } from '../parts/Lacking';
import { NoCalls } from '../parts/NoCalls';
import { PersonalData } from '../parts/PersonalData';
import { ScreenHead } from '../parts/ScreenHead';
import { Icon } from '../theme/Icon';
import { useView } from '../view/useView';
import { useKeys } from '../shell/keys';
import { Menu } from '@mantine/core';
import { CallDetail } from './CallDetail';
import { CallList } from './CallList';
import { ColumnMenu } from './ColumnMenu';
import { readColumns, writeColumns } from './columns';
import { Volume } from './Volume';

/** Raw calls, newest first: a list as long as there are any, one of them opened beside it. */
export function CallsScreen() {
  const { t, f } = useLang();
  const { search, own } = useView();
  const calls = useCalls();
  const params = { ...useParams(), ...useMasked() };
  const columns = readColumns(search.get('c'));
  const chosen = search.get('call');
  const all = useMemo(() => calls.data?.pages.flatMap((page) => page.calls) ?? [], [calls.data]);
  const at = all.findIndex((it) => it.key === chosen);
  const call = all[at];

  const move = (by: 1 | -1) => {
    const next = all[at < 0 ? 0 : at + by];
    if (next !== undefined) own('call', next.key);
    if (at + by > all.length - 20 && calls.hasNextPage && !calls.isFetching) void calls.fetchNextPage();
  };
  useKeys({ j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1), Escape: () => own('call', null) });

  const hint = calls.data === undefined ? '' : t.calls_.loaded(f.count(all.length));
  return (
    <>
      <ScreenHead title={t.calls_.title} hint={hint}>
        <PersonalData />
        <ColumnMenu columns={columns} onChange={(next) => own('c', writeColumns(next))} />
        <Menu position="bottom-end" shadow="md">
          <Menu.Target>
            <Button size="xs" variant="default" leftSection={<Icon name="download" size={15} />}>{t.exportMenu}</Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item component="a" href={address('/calls', { ...params, format: 'csv' })} download>{t.exportCsv}</Menu.Item>
            <Menu.Item component="a" href={address('/calls', { ...params, format: 'ndjson' })} download>{t.exportNdjson}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </ScreenHead>
      <Volume />
      <Lacking sentences={calls.data?.pages.flatMap((page) => page.lacking)} />
      {calls.error !== null && calls.data === undefined ? (
        <Failure error={calls.error} onRetry={() => void calls.refetch()} />
      ) : calls.data !== undefined && all.length === 0 && !calls.isPlaceholderData ? (
        <NoCalls />
      ) : (
        <CallList
          calls={all}
          columns={columns}
          chosen={chosen}
          waiting={calls.data === undefined}
          more={calls.hasNextPage}
          onMore={() => !calls.isFetchingNextPage && void calls.fetchNextPage()}
          onOpen={(key) => own('call', key === chosen ? null : key)}
        />
      )}
      <CallDetail call={call} onClose={() => own('call', null)} onMove={move} first={at <= 0} last={at === all.length - 1 && !calls.hasNextPage} />
    </>
  );
}

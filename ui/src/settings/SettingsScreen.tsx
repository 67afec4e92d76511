import { Tabs } from '@mantine/core';

import { useUnparsed } from '../api/queries';
import { useLang } from '../lang/Lang';
import { ScreenHead } from '../parts/ScreenHead';
import { useView } from '../view/useView';
import { ConfigurationTab } from './ConfigurationTab';
import { PageTab } from './PageTab';
import styles from './SettingsScreen.module.css';
import { SourcesTab } from './SourcesTab';
import { UnparsedTab } from './UnparsedTab';

const TABS = ['sources', 'configuration', 'unparsed', 'page'] as const;

/** Sources and their health, the configuration and where each value comes from. */
export function SettingsScreen() {
  const { t, f } = useLang();
  const { search, own } = useView();
  const unread = useUnparsed().data?.total ?? 0;
  const tab = TABS.find((it) => it === search.get('tab')) ?? 'sources';
  return (
    <>
      <ScreenHead title={t.settings.title} />
      <Tabs value={tab} keepMounted={false} onChange={(value) => own('tab', value === 'sources' ? null : value)}>
        <Tabs.List mb="md" className={styles.tabs}>
          {TABS.map((it) => (
            <Tabs.Tab key={it} value={it} rightSection={it === 'unparsed' && unread > 0 ? <span className="num dim">{f.count(unread)}</span> : undefined}>{t.settings[it]}</Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="sources"><SourcesTab /></Tabs.Panel>
        <Tabs.Panel value="configuration"><ConfigurationTab /></Tabs.Panel>
        <Tabs.Panel value="unparsed"><UnparsedTab /></Tabs.Panel>
        <Tabs.Panel value="page"><PageTab /></Tabs.Panel>
      </Tabs>
    </>
  );
}

import { SegmentedControl, useMantineColorScheme } from '@mantine/core';

import { useMeta } from '../api/queries';
import { useLang } from '../lang/Lang';
import { Card } from '../parts/Card';
import styles from './PageTab.module.css';

/** What the browser keeps: the reader's taste. */
export function PageTab() {
  const { t, lang, setLang, zone, setZone } = useLang();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const version = useMeta().data?.version;
  return (
    <Card title={t.settings.page}>
      <div className={styles.choices}>
        <span>{t.settings.language}</span>
        <SegmentedControl size="xs" aria-label={t.settings.language} value={lang} data={[{ value: 'en', label: 'English' }, { value: 'fr', label: 'Français' }]} onChange={(value) => setLang(value === 'fr' ? 'fr' : 'en')} />
        <span>{t.settings.theme}</span>
        <SegmentedControl
          size="xs"
          aria-label={t.settings.theme}
          value={colorScheme}
          data={(['auto', 'light', 'dark'] as const).map((value) => ({ value, label: t.settings.themes[value] }))}
          onChange={(value) => setColorScheme(value === 'dark' || value === 'light' ? value : 'auto')}
        />
        <span>{t.settings.zone}</span>
        <SegmentedControl size="xs" aria-label={t.settings.zone} value={zone} data={[{ value: 'utc', label: t.time.zoneUtc }, { value: 'local', label: t.time.zoneLocal }]} onChange={(value) => setZone(value === 'local' ? 'local' : 'utc')} />
        <span>{t.settings.version}</span>
        <span className="num">{version}</span>
      </div>
    </Card>
  );
}

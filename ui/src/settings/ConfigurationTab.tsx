import { Switch, TextInput } from '@mantine/core';
import { useMemo, useState } from 'react';

import { useConfig } from '../api/queries';
import type { ConfigEntry } from '../api/types';
import { useLang } from '../lang/Lang';
import type { Words } from '../lang/en';
import { Card } from '../parts/Card';
import { DataTable, type Column } from '../parts/DataTable';
import { Icon } from '../theme/Icon';
import styles from './ConfigurationTab.module.css';

/** The card says which file it is; another is told by its name. */
const FOLDERS = /^.*\//;

/** Every setting in effect and where it comes from. */
export function ConfigurationTab() {
  const { t } = useLang();
  const config = useConfig();
  const [text, setText] = useState('');
  const [defaults, setDefaults] = useState(true);
  const { data } = config;
  const rows = (data?.entries ?? []).filter(
    (it) => (defaults || cameFrom(it).from !== 'default') && `${it.key} ${show(it.value)}`.toLowerCase().includes(text.toLowerCase()),
  );
  const columns = useMemo<Column<ConfigEntry>[]>(
    () => [
      { id: 'key', header: t.columns.key, value: (row) => row.key, cell: (row) => <span className="mono">{row.key}</span> },
      { id: 'value', header: t.columns.value, value: (row) => show(row.value), cell: (row) => <span className={`mono ${styles.value}`}>{show(row.value)}</span> },
      { id: 'origin', header: t.columns.origin, value: (row) => origin(row, t), cell: (row) => <span className={cameFrom(row).from === 'default' ? 'dim' : ''} title={origin(row, t)}>{origin(row, t).replace(FOLDERS, '')}</span> },
    ],
    [t],
  );
  return (
    <Card title={data?.file ?? t.settings.configuration} query={config} {...(data !== undefined && data.file === null ? { hint: t.settings.noFile } : {})}>
      {data && data.warnings.length > 0 && (
        <ul className={styles.warnings} aria-label={t.settings.warnings}>
          {data.warnings.map((it) => (
            <li key={`${it.line}:${it.column}`}>
              <Icon name="warning" size={14} /> <span className="mono">{it.line}:{it.column}</span> {it.message}
            </li>
          ))}
        </ul>
      )}
      <div className={styles.tools}>
        <TextInput size="xs" w={260} leftSection={<Icon name="search" size={14} />} placeholder={t.settings.search} aria-label={t.settings.search} value={text} onChange={(event) => setText(event.currentTarget.value)} />
        <Switch size="xs" label={t.settings.defaults} checked={defaults} onChange={(event) => setDefaults(event.currentTarget.checked)} />
      </div>
      <DataTable label={t.settings.configuration} columns={columns} rows={rows} />
    </Card>
  );
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Where a setting comes from; the API describes it in words. */
interface Origin {
  from: string;
  file?: string;
  line?: number;
  variable?: string;
  flag?: string;
}

function cameFrom({ origin: it }: ConfigEntry): Origin {
  return typeof it === 'object' && it !== null && 'from' in it ? (it as Origin) : { from: '' };
}

function origin(entry: ConfigEntry, t: Words): string {
  const it = cameFrom(entry);
  const words = t.settings.origin;
  switch (it.from) {
    case 'default':
      return words.default;
    case 'file':
      return words.file(it.file ?? '', String(it.line ?? ''));
    case 'environment':
      return words.environment(it.variable ?? '');
    default:
      return words.flag(it.flag ?? it.from);
  }
}

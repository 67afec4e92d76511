import { ActionIcon, Menu, Skeleton, Tooltip } from '@mantine/core';
import { useId, useState, type ReactNode } from 'react';

import { address, Problem, type Params } from '../api/client';
import { useLang } from '../lang/Lang';
import { Icon } from '../theme/Icon';
import styles from './Card.module.css';

interface Props {
  title: string;
  hint?: string;
  /** Between the title and the tools. */
  controls?: ReactNode;
  /** The same figures for those who read rather than look; with it comes the switch. */
  table?: ReactNode;
  /** Where its figures can be had as a file. */
  exported?: { path: string; params: Params };
  /** What the figures came from; without data it shows that it waits. */
  query?: { data: unknown; error: Error | null; isPlaceholderData?: boolean; refetch?: () => unknown };
  height?: number;
  children: ReactNode;
}

/** One chart or table with its title. */
export function Card({ title, hint, controls, table, exported, query, height = 200, children }: Props) {
  const { t } = useLang();
  const [asTable, setAsTable] = useState(false);
  const id = useId();
  const label = asTable ? t.asChart : t.asTable;
  const waiting = query !== undefined && query.data === undefined;
  return (
    <section className={styles.card} aria-labelledby={id}>
      <div className={styles.head}>
        <div className={styles.titles}>
          <h2 id={id} className={styles.title}>{title}</h2>
          {hint !== undefined && <span className={styles.hint}>{hint}</span>}
        </div>
        {controls}
        <div className={styles.tools}>
          {exported && <Export {...exported} />}
          {table !== undefined && (
            <Tooltip label={label}>
              <ActionIcon variant="subtle" color="gray" size={28} aria-label={`${label}: ${title}`} aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
                <Icon name={asTable ? 'chart' : 'table'} />
              </ActionIcon>
            </Tooltip>
          )}
        </div>
      </div>
      <div className={`${styles.body} ${query?.isPlaceholderData === true ? styles.stale : ''}`}>
        {waiting && query.error !== null ? <Failure error={query.error} onRetry={() => void query.refetch?.()} /> : waiting ? <Skeleton height={height} radius="sm" aria-label={t.loading} /> : asTable ? table : children}
      </div>
    </section>
  );
}

function Export({ path, params }: { path: string; params: Params }) {
  const { t } = useLang();
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <Tooltip label={t.exportMenu}>
          <ActionIcon variant="subtle" color="gray" size={28} aria-label={t.exportMenu}>
            <Icon name="download" />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component="a" href={address(path, { ...params, format: 'csv' })} download>{t.exportCsv}</Menu.Item>
        <Menu.Item component="a" href={address(path, { ...params, format: 'ndjson' })} download>{t.exportNdjson}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** What the server said instead of an answer. */
export function Failure({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  const { t } = useLang();
  const away = error instanceof Problem && error.status === 0;
  return (
    <div className={styles.failure} role="alert">
      <b>{away ? t.problem.unreachable : error instanceof Problem ? t.problem.refused(error.status) : t.problem.failed}</b>
      <span>{away ? t.problem.unreachableHint : error.message}</span>
      {onRetry && <button type="button" className={`plain ${styles.retry}`} onClick={onRetry}>{t.retry}</button>}
    </div>
  );
}

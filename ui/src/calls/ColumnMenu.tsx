import { Button, Checkbox, Popover } from '@mantine/core';

import { useLang } from '../lang/Lang';
import { Icon } from '../theme/Icon';
import { COLUMN_IDS, toggleColumn, USUAL, type ColumnId } from './columns';
import styles from './ColumnMenu.module.css';

export function ColumnMenu({ columns, onChange }: { columns: readonly ColumnId[]; onChange: (columns: readonly ColumnId[]) => void }) {
  const { t } = useLang();
  return (
    <Popover position="bottom-end" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button size="xs" variant="default" leftSection={<Icon name="columns" size={15} />}>{t.calls_.columns}</Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t.calls_.columns}>
        <div className={styles.columns}>
          {COLUMN_IDS.map((id) => (
            <Checkbox key={id} size="xs" label={t.columns[id]} checked={columns.includes(id)} onChange={() => onChange(toggleColumn(columns, id))} />
          ))}
        </div>
        <Button size="compact-xs" variant="subtle" mt={10} onClick={() => onChange(USUAL)}>{t.calls_.resetColumns}</Button>
      </Popover.Dropdown>
    </Popover>
  );
}

import { createColumnHelper, createSortedRowModel, rowSortingFeature, tableFeatures, useTable } from '@tanstack/react-table';
import { useMemo, type ReactNode } from 'react';

import { Icon } from '../theme/Icon';
import styles from './DataTable.module.css';

export interface Column<Row> {
  id: string;
  header: string;
  /** What it is sorted by; shown unless `cell` says otherwise. */
  value: (row: Row) => string | number | null;
  cell?: (row: Row) => ReactNode;
  numeric?: boolean;
}

interface Props<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  onRow?: (row: Row) => void;
  dense?: boolean;
  /** Scrolls in itself beyond this. */
  height?: number;
}

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });

/** A table that sorts by its heads. */
export function DataTable<Row extends object>({ label, columns, rows, onRow, height }: Props<Row>) {
  const made = useMemo(() => {
    const helper = createColumnHelper<typeof features, Row>();
    const typed = columns.map((column) =>
      helper.accessor((row): unknown => column.value(row) ?? undefined, {
        id: column.id,
        header: column.header,
        sortUndefined: 'last',
        sortFn: (a, b, id) => compare(a.getValue<string | number>(id), b.getValue<string | number>(id)),
        sortDescFirst: column.numeric ?? false,
      }),
    );
    return helper.columns(typed);
  }, [columns]);
  const data = useMemo(() => [...rows], [rows]);
  const table = useTable({ features, columns: made, data });
  const by = new Map(columns.map((it) => [it.id, it]));

  return (
    <div className={styles.scroll} style={height === undefined ? undefined : { maxHeight: height }} tabIndex={0} role="region" aria-label={label}>
      <table className={styles.table}>
        <caption className="hidden">{label}</caption>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => {
                const sorted = header.column.getIsSorted();
                return (
                  <th
                    key={header.id}
                    scope="col"
                    className={by.get(header.column.id)?.numeric ? styles.numeric : ''}
                    aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'}
                  >
                    <button type="button" className={`plain ${styles.sort}`} onClick={header.column.getToggleSortingHandler()}>
                      {by.get(header.column.id)?.header}
                      {sorted !== false && <Icon name={sorted === 'asc' ? 'up' : 'down'} size={12} />}
                    </button>
                  </th>
                );
              })}
            </tr>
          ))}
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <tr key={row.id} className={onRow ? styles.clickable : ''} onClick={onRow && (() => onRow(row.original))}>
              {columns.map((column) => (
                <td key={column.id} className={column.numeric ? `${styles.numeric} num` : ''}>
                  {column.cell ? column.cell(row.original) : column.value(row.original)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function compare(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}

import { ActionIcon, Popover, Select, Skeleton, TextInput, Tooltip } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';

import { useLang } from '../lang/Lang';
import { Icon, type IconName } from '../theme/Icon';
import { useScope } from '../view/Scope';
import { bounds, freeze, moves, QUICK, step, widen, writeRange, type Range, type Unit } from '../view/time';
import { useView } from '../view/useView';
import styles from './TimePicker.module.css';
import { useRangeLabel } from './useRangeLabel';

/** Calendars are heavy, and rarely wanted. */
const AbsoluteTime = lazy(async () => ({ default: (await import('./AbsoluteTime')).AbsoluteTime }));

interface Props {
  opened: boolean;
  onOpened: (open: boolean) => void;
  onRefresh: () => void;
}

/** Relative and absolute ranges, steps, zoom out, freeze. */
export function TimePicker({ opened, onOpened, onRefresh }: Props) {
  const { t } = useLang();
  const { view, change } = useView();
  const { now } = useScope();
  const label = useRangeLabel();
  const bounded = bounds(view.range, now) !== undefined;
  const set = (range: Range) => {
    onOpened(false);
    change({ range });
    onRefresh();
  };
  const tool = (icon: IconName, text: string, range: Range, disabled: boolean) => (
    <Tooltip label={text}>
      <ActionIcon variant="subtle" color="gray" size={30} aria-label={text} aria-disabled={disabled} className={disabled ? styles.off : ''} onClick={() => !disabled && change({ range })}>
        <Icon name={icon} size={16} />
      </ActionIcon>
    </Tooltip>
  );
  return (
    <div className={styles.picker} role="group" aria-label={t.time.label}>
      {tool('left', t.time.back, step(view.range, now, -1), !bounded)}
      <Popover opened={opened} onChange={onOpened} position="bottom-end" width="auto" shadow="md" trapFocus returnFocus>
        <Popover.Target>
          <button type="button" className={`plain ${styles.current}`} aria-haspopup="dialog" aria-expanded={opened} onClick={() => onOpened(!opened)}>
            <Icon name="clock" size={15} />
            <span className="num truncate">{label(view.range)}</span>
            <Icon name="down" size={14} />
          </button>
        </Popover.Target>
        <Popover.Dropdown className={styles.dropdown} aria-label={t.time.label}>
          <div className={styles.quick}>
            <h3>{t.time.quick}</h3>
            <ul>
              {QUICK.map((range) => (
                <li key={writeRange(range)}>
                  <button type="button" className={`plain ${styles.item}`} aria-pressed={writeRange(range) === writeRange(view.range)} onClick={() => set(range)}>
                    {label(range)}
                  </button>
                </li>
              ))}
            </ul>
            <LastRange range={view.range} onSet={set} />
          </div>
          <Suspense fallback={<Skeleton width={270} height={330} />}>
              <AbsoluteTime range={freeze(view.range, now)} onSet={set} />
            </Suspense>
        </Popover.Dropdown>
      </Popover>
      {tool('right', t.time.forward, step(view.range, now, 1), !bounded || moves(view.range))}
      {tool('widen', t.time.widen, widen(view.range, now), !bounded)}
      {tool('freeze', t.time.freeze, freeze(view.range, now), !bounded || !moves(view.range))}
    </div>
  );
}

function LastRange({ range, onSet }: { range: Range; onSet: (range: Range) => void }) {
  const { t } = useLang();
  const [amount, setAmount] = useState(range.kind === 'last' ? range.amount : 14);
  const [unit, setUnit] = useState<Unit>(range.kind === 'last' ? range.unit : 'd');
  const units = Object.entries(t.time.units).map(([value, label]) => ({ value, label }));
  return (
    <form className={styles.last} onSubmit={(event) => { event.preventDefault(); onSet({ kind: 'last', amount: Math.max(1, amount), unit }); }}>
      <span>{t.time.last_n}</span>
      <TextInput size="xs" w={58} inputMode="numeric" maxLength={3} aria-label={t.time.last_n} value={amount === 0 ? '' : String(amount)} onChange={(event) => setAmount(Number(event.currentTarget.value.replace(/\D/g, '')))} />
      <Select size="xs" w={100} data={units} value={unit} aria-label={t.time.quick} allowDeselect={false} comboboxProps={{ withinPortal: false }} onChange={(value) => value !== null && setUnit(value as Unit)} />
      <ActionIcon type="submit" variant="light" size={30} aria-label={t.apply}>
        <Icon name="check" size={15} />
      </ActionIcon>
    </form>
  );
}

import { Modal } from '@mantine/core';

import { useLang } from '../lang/Lang';
import styles from './KeyHelp.module.css';

interface Props {
  opened: boolean;
  /** Whether there is a tour to step through. */
  tour: boolean;
  onClose: () => void;
}

export function KeyHelp({ opened, tour, onClose }: Props) {
  const { t } = useLang();
  const rows: [readonly string[], string][] = [
    [['Ctrl', 'K'], t.keys.palette],
    [['/'], t.keys.query],
    [['t'], t.keys.time],
    [['l'], t.keys.live],
    [['[', ']'], t.keys.step],
    [['g', 'p c u o m w a s'], t.keys.go],
    [['j', 'k'], t.keys.row],
    [['Enter'], t.keys.open],
    ...(tour ? [[['.', ','], t.tour.keys] as [string[], string]] : []),
    [['Esc'], t.keys.escape],
    [['?'], t.keys.help],
  ];
  return (
    <Modal opened={opened} onClose={onClose} title={t.keys.title} size="md" closeButtonProps={{ 'aria-label': t.close }}>
      <dl className={styles.keys}>
        {rows.map(([keys, text]) => (
          <div key={text}>
            <dt>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}

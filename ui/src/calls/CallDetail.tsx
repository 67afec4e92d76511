import { ActionIcon, Button, Drawer, Tooltip } from '@mantine/core';
import { Link } from 'react-router';

import type { Call } from '../api/types';
import { useLang } from '../lang/Lang';
import { Logged } from '../parts/Logged';
import { useToast } from '../shell/Toasts';
import { Icon, type IconName } from '../theme/Icon';
import { ALL, type Range } from '../view/time';
import { useView } from '../view/useView';
import { Status } from './Cell';
import { Fields } from './Fields';
import { Happened } from './Happened';
import styles from './CallDetail.module.css';

interface Props {
  call: Call | undefined;
  onClose: () => void;
  onMove: (by: 1 | -1) => void;
  first: boolean;
  last: boolean;
}

const MINUTE = 60_000;

/** One call beside the list: its raw line, everything that happened to its id, its fields. */
export function CallDetail({ call, onClose, onMove, first, last }: Props) {
  const { t } = useLang();
  return (
    <Drawer.Root opened={call !== undefined} onClose={onClose} position="right" size={580} padding={0} lockScroll={false} trapFocus={false} transitionProps={{ duration: 120 }} classNames={{ content: styles.drawer ?? '' }}>
      <Drawer.Content aria-label={t.calls_.detail}>
        {call && <Inside call={call} onClose={onClose} onMove={onMove} first={first} last={last} />}
      </Drawer.Content>
    </Drawer.Root>
  );
}

function Inside({ call, onClose, onMove, first, last }: Props & { call: Call }) {
  const { t, f } = useLang();
  const { link } = useView();
  const say = useToast();
  const at = call.time === null ? null : Date.parse(call.time);
  const around = (half: number): Range => (at === null ? ALL : { kind: 'between', from: at - half, to: at + half });
  const context = link('/calls', { range: around(MINUTE / 2), typed: '', pills: [] }, { call: call.key });
  const alone = link('/calls', { range: around(MINUTE) }, { call: call.key });
  const copy = async (text: string) => {
    await navigator.clipboard.writeText(text);
    say(t.copied);
  };
  const tool = (icon: IconName, label: string, run: () => void, disabled = false) => (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size={30} aria-label={label} disabled={disabled} onClick={run}>
        <Icon name={icon} />
      </ActionIcon>
    </Tooltip>
  );
  return (
    <article className={styles.detail}>
      <header className={styles.head}>
        <div className={styles.what}>
          <h2><Status status={call.status} /> <span className="mono">{call.endpoint ?? [call.method, call.target].filter(Boolean).join(' ')}</span></h2>
          <span className="dim num">{call.time === null ? '–' : f.exact(call.time)}</span>
        </div>
        <div className={styles.tools}>
          {tool('up', `${t.calls_.previous} (k)`, () => onMove(-1), first)}
          {tool('down', `${t.calls_.next} (j)`, () => onMove(1), last)}
          {tool('share', t.calls_.link, () => void copy(window.location.origin + alone))}
          {tool('close', t.close, onClose)}
        </div>
      </header>
      <section>
        <h3>{t.calls_.rawLine}</h3>
        <div className={styles.raw}>
          <pre data-raw tabIndex={0}>{call.line === null ? '–' : <Logged text={call.line} />}</pre>
          {call.line !== null && tool('copy', t.calls_.copyLine, () => void copy(call.line ?? ''))}
        </div>
        <Button component={Link} to={context} size="compact-sm" variant="default" leftSection={<Icon name="clock" size={14} />}>{t.calls_.context}</Button>
        <span className={styles.note}>{t.calls_.around}</span>
      </section>
      <section>
        <h3>{t.calls_.story}</h3>
        <Happened call={call} />
      </section>
      <section>
        <h3>{t.calls_.fields}</h3>
        <Fields call={call} />
      </section>
    </article>
  );
}

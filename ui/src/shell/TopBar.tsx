import { ActionIcon, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useLocation } from 'react-router';

import type { Live } from '../api/live';
import { useLang } from '../lang/Lang';
import { Icon, type IconName } from '../theme/Icon';
import { useScope } from '../view/Scope';
import { freeze, moves } from '../view/time';
import { useView } from '../view/useView';
import { spell, writeView } from '../view/view';
import { TimePicker } from './TimePicker';
import { useToast } from './Toasts';
import styles from './TopBar.module.css';

interface Props {
  live: Live;
  timeOpen: boolean;
  onTime: (open: boolean) => void;
  onNav: () => void;
  onPalette: () => void;
  /** Whether the screen has a time range. */
  timed: boolean;
}

export function TopBar({ live, timeOpen, onTime, onNav, onPalette, timed }: Props) {
  const { t, lang, setLang } = useLang();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  return (
    <div className={styles.bar}>
      <div className={styles.burger}>
        <Button icon="menu" label={t.nav.menu} onClick={onNav} />
      </div>
      <button type="button" className={`plain ${styles.search}`} onClick={onPalette}>
        <Icon name="search" size={15} />
        <span className={styles.searchText}>{t.top.commands}</span>
        <kbd>Ctrl K</kbd>
      </button>
      <div className={styles.space} />
      {timed && <TimePicker opened={timeOpen} onOpened={onTime} onRefresh={live.refresh} />}
      {timed && <LiveButton live={live} />}
      <div className={styles.tools}>
        <Share />
        <Tooltip label={t.top.language}>
          <ActionIcon variant="subtle" color="gray" size={34} aria-label={`${lang === 'fr' ? 'EN' : 'FR'}: ${t.top.language}`} onClick={() => setLang(lang === 'fr' ? 'en' : 'fr')}>
            <span className={styles.lang} lang={lang === 'fr' ? 'en' : 'fr'}>{lang === 'fr' ? 'EN' : 'FR'}</span>
          </ActionIcon>
        </Tooltip>
        <Button
          icon={scheme === 'dark' ? 'sun' : 'moon'}
          label={scheme === 'dark' ? t.top.theme.light : t.top.theme.dark}
          onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}
        />
      </div>
    </div>
  );
}

function Button({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size={34} aria-label={label} onClick={onClick}>
        <Icon name={icon} size={18} />
      </ActionIcon>
    </Tooltip>
  );
}

function LiveButton({ live }: { live: Live }) {
  const { t } = useLang();
  const { view, change } = useView();
  const possible = moves(view.range);
  const on = possible && !view.paused;
  const lost = on && live.connection === 'lost';
  const label = !possible ? t.top.fixed : lost ? t.top.lost : on ? t.top.pause : t.top.resume;
  return (
    <Tooltip label={label}>
      <button
        type="button"
        className={`plain ${styles.live} ${on ? styles.on : ''} ${lost ? styles.lost : ''}`}
        aria-label={`${on ? t.top.live : t.top.paused}. ${label}`}
        aria-disabled={!possible}
        onClick={() => possible && change({ paused: !view.paused })}
      >
        {on ? <span className={styles.dot} /> : <Icon name={possible ? 'play' : 'freeze'} size={14} />}
        <span className={styles.liveText}>{on ? t.top.live : t.top.paused}</span>
      </button>
    </Tooltip>
  );
}

/** Puts a link with fixed times on the clipboard: what one sees is what the other sees. */
function Share() {
  const { t } = useLang();
  const { view, search } = useView();
  const { now } = useScope();
  const { pathname } = useLocation();
  const say = useToast();
  const copy = async () => {
    const fixed = writeView(search, { range: freeze(view.range, now) });
    await navigator.clipboard.writeText(`${window.location.origin}${pathname}${spell(fixed)}`);
    say(t.top.shared);
  };
  return <Button icon="share" label={t.top.share} onClick={() => void copy()} />;
}

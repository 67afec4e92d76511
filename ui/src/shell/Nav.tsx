import { Drawer } from '@mantine/core';
import { NavLink } from 'react-router';

import { isQuiet } from '../alerts/quiet';
import { useAlerts, useCallers, useMeta } from '../api/queries';
import { useLang } from '../lang/Lang';
import { Icon, Logo, type IconName } from '../theme/Icon';
import { useView } from '../view/useView';
import styles from './Nav.module.css';

interface Item {
  path: string;
  label: string;
  icon: IconName;
  count?: number;
  urgent?: boolean;
}

interface Props {
  open: boolean;
  onClose: () => void;
  onHelp: () => void;
  /** Begins the guided tour, where there is one that is not under way. */
  onTour?: () => void;
}

/** On the left, or behind a button where there is no room. */
export function Nav({ open, onClose, ...inside }: Props) {
  const { t } = useLang();
  return (
    <>
      <nav className={styles.nav} aria-label={t.nav.main}>
        <Inside {...inside} />
      </nav>
      <Drawer.Root opened={open} onClose={onClose} size={248} padding={0}>
        <Drawer.Overlay />
        <Drawer.Content aria-label={t.nav.menu}>
          <nav className={styles.drawer} aria-label={t.nav.main} onClick={onClose}>
            <Inside {...inside} />
          </nav>
        </Drawer.Content>
      </Drawer.Root>
    </>
  );
}

function Inside({ onHelp, onTour }: Pick<Props, 'onHelp' | 'onTour'>) {
  const { t, f } = useLang();
  const { link } = useView();
  const meta = useMeta().data;
  const callers = useCallers({ actor: 'unknown' }).data?.callers.length;
  const alerts = useAlerts('open').data?.alerts.filter((it) => !isQuiet(it, Date.now())).length;
  const observe: Item[] = [
    { path: '/', label: t.nav.panel, icon: 'panel' },
    { path: '/operations', label: t.nav.operations, icon: 'operations' },
    { path: '/map', label: t.nav.map, icon: 'map' },
    { path: '/calls', label: t.nav.calls, icon: 'calls' },
  ];
  const watch: Item[] = [
    { path: '/switch-off', label: t.nav.switchOff, icon: 'switchoff' },
    { path: '/callers', label: t.nav.callers, icon: 'callers', count: callers ?? 0 },
    { path: '/alerts', label: t.nav.alerts, icon: 'alerts', count: alerts ?? 0, urgent: true },
    { path: '/settings', label: t.nav.settings, icon: 'settings' },
  ];
  const row = ({ path, label, icon, count, urgent }: Item) => (
    <NavLink key={path} to={link(path)} end={path === '/'} className={({ isActive }) => `${styles.link} ${isActive ? styles.active : ''}`}>
      <Icon name={icon} size={17} />
      <span className={styles.label}>{label}</span>
      {count !== undefined && count > 0 && <span className={`${styles.count} num ${urgent ? styles.urgent : ''}`}>{f.count(count)}</span>}
    </NavLink>
  );
  return (
    <>
      <NavLink to={link('/')} className={styles.brand ?? ''}>
        <Logo size={26} />
        <span>dolmen</span>
      </NavLink>
      <div className={styles.group}>{t.nav.observe}</div>
      {observe.map(row)}
      <div className={styles.group}>{t.nav.watch}</div>
      {watch.map(row)}
      <div className={styles.foot}>
        {onTour && (
          <button type="button" className={`plain ${styles.help}`} onClick={onTour}>
            <Icon name="play" size={16} /> {t.tour.open}
          </button>
        )}
        <button type="button" className={`plain ${styles.help}`} onClick={onHelp}>
          <Icon name="keyboard" size={16} /> {t.keys.title} <kbd>?</kbd>
        </button>
        {meta && <div className={styles.version}>{meta.version}{meta.read_only ? ` · ${t.settings.readOnly}` : ''}</div>}
      </div>
    </>
  );
}

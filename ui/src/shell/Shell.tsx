import { useState } from 'react';
import { Outlet, useLocation, useNavigate } from 'react-router';

import { titleOf } from '../alerts/title';
import { useLive } from '../api/live';
import { useLang } from '../lang/Lang';
import { Tour } from '../tour/Tour';
import { useTour } from '../tour/useTour';
import { ScopeProvider } from '../view/Scope';
import { moves, step } from '../view/time';
import { useView } from '../view/useView';
import { CommandPalette } from './CommandPalette';
import { KeyHelp } from './KeyHelp';
import { useKeys } from './keys';
import { Nav } from './Nav';
import { QueryBar } from './QueryBar';
import styles from './Shell.module.css';
import { useToast } from './Toasts';
import { TopBar } from './TopBar';
import { Trouble } from './Trouble';
import { useHeight } from './useHeight';

/** Screens that look at a stretch of time, and those of them that a query narrows. */
const TIMED = ['/', '/calls', '/callers', '/operations', '/endpoint', '/switch-off', '/map'];
const QUERIED = ['/', '/calls', '/operations', '/endpoint', '/map'];

export function Shell() {
  const { view, change, link } = useView();
  const { t, lang } = useLang();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const say = useToast();
  const [open, setOpen] = useState<'palette' | 'help' | 'nav' | null>(null);
  const [timeOpen, setTimeOpen] = useState(false);
  const tour = useTour();
  const top = useHeight('--top');

  const live = useLive(moves(view.range) && !view.paused, lang, (alert) =>
    say(`${t.alerts.arrived}: ${titleOf(alert)}`, { label: t.alerts.title, run: () => void navigate(link('/alerts')) }),
  );
  const go = (path: string) => () => void navigate(link(path));
  const steps = (direction: -1 | 1) => () => change({ range: step(view.range, live.now, direction) });
  useKeys({
    'mod+k': () => setOpen('palette'),
    '?': () => setOpen('help'),
    '/': () => document.querySelector<HTMLInputElement>('#query')?.focus(),
    t: () => setTimeOpen(true),
    l: () => change({ paused: !view.paused }),
    '[': steps(-1),
    ']': steps(1),
    'g p': go('/'),
    'g c': go('/calls'),
    'g u': go('/callers'),
    'g o': go('/operations'),
    'g m': go('/map'),
    'g w': go('/switch-off'),
    'g a': go('/alerts'),
    'g s': go('/settings'),
  });

  const within = (paths: readonly string[]) => paths.some((path) => (path === '/' ? pathname === '/' : pathname.startsWith(path)));
  return (
    <ScopeProvider now={live.now}>
      <a className={styles.skip} href="#content">{t.nav.skip}</a>
      <div className={styles.frame}>
        <Nav open={open === 'nav'} onClose={() => setOpen(null)} onHelp={() => setOpen('help')} {...(tour.possible && tour.step === null ? { onTour: tour.begin } : {})} />
        <div className={styles.right}>
          <header ref={top} className={styles.top}>
            <TopBar
              live={live}
              timeOpen={timeOpen}
              onTime={setTimeOpen}
              onNav={() => setOpen('nav')}
              onPalette={() => setOpen('palette')}
              timed={within(TIMED)}
            />
            {within(QUERIED) && <QueryBar />}
          </header>
          <main id="content" tabIndex={-1} className={`${styles.main} ${tour.step === null ? '' : styles.toured}`}>
            <Trouble />
            <Outlet />
          </main>
        </div>
      </div>
      {tour.step !== null && <Tour step={tour.step} onStep={tour.go} onEnd={tour.end} />}
      <CommandPalette opened={open === 'palette'} onClose={() => setOpen(null)} onHelp={() => setOpen('help')} />
      <KeyHelp tour={tour.step !== null} opened={open === 'help'} onClose={() => setOpen(null)} />
    </ScopeProvider>
  );
}

import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useNavigate } from 'react-router';

import { useMeta } from '../api/queries';
import { useLang } from '../lang/Lang';
import { pill } from '../query/pill';
import type { IconName } from '../theme/Icon';
import { ALL } from '../view/time';
import { useView } from '../view/useView';

export interface Command {
  group: 'go' | 'filter' | 'command';
  text: string;
  icon: IconName;
  run: () => void;
}

/** Everything that the palette can do. */
export function useCommands(onHelp: () => void): Command[] {
  const { t, lang, setLang } = useLang();
  const { link, add, change, view } = useView();
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const meta = useMeta().data;
  const go = (text: string, path: string, icon: IconName): Command => ({ group: 'go', text, icon, run: () => void navigate(link(path)) });
  const operations = [...new Set(meta?.operations.map((it) => it.operation))];
  return [
    go(t.nav.panel, '/', 'panel'),
    go(t.nav.operations, '/operations', 'operations'),
    go(t.nav.map, '/map', 'map'),
    go(t.nav.calls, '/calls', 'calls'),
    go(t.nav.switchOff, '/switch-off', 'switchoff'),
    go(t.nav.callers, '/callers', 'callers'),
    go(t.nav.alerts, '/alerts', 'alerts'),
    go(t.nav.settings, '/settings', 'settings'),
    ...operations.map((it) => go(it, `/operations/${encodeURIComponent(it)}`, 'operations')),
    ...[...(meta?.actors ?? []), null].map((it): Command => ({ group: 'filter', text: `actor: ${it ?? t.unknown}`, icon: 'callers', run: () => add(pill('actor', it)) })),
    ...(meta?.services ?? []).map((it): Command => ({ group: 'filter', text: `service: ${it}`, icon: 'sources', run: () => add(pill('service', it)) })),
    { group: 'command', text: t.time.all, icon: 'clock', run: () => change({ range: ALL }) },
    { group: 'command', text: view.paused ? t.top.resume : t.top.pause, icon: view.paused ? 'play' : 'pause', run: () => change({ paused: !view.paused }) },
    { group: 'command', text: t.query.removeAll, icon: 'close', run: () => change({ pills: [], typed: '' }) },
    { group: 'command', text: scheme === 'dark' ? t.top.theme.light : t.top.theme.dark, icon: scheme === 'dark' ? 'sun' : 'moon', run: () => setColorScheme(scheme === 'dark' ? 'light' : 'dark') },
    { group: 'command', text: t.top.language, icon: 'external', run: () => setLang(lang === 'fr' ? 'en' : 'fr') },
    { group: 'command', text: t.keys.title, icon: 'keyboard', run: onHelp },
  ];
}

import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';

import { format, type Format, type Lang, type Zone } from '../format/format';
import { keep, kept } from '../view/kept';
import { en, type Words } from './en';
import { fr } from './fr';

interface Spoken {
  t: Words;
  f: Format;
  lang: Lang;
  zone: Zone;
  setLang: (lang: Lang) => void;
  setZone: (zone: Zone) => void;
}

const Context = createContext<Spoken | null>(null);

/** The language and the time zone are the reader's, not the view's: kept in the browser, not in the address. */
export function LangProvider({ children }: { children: ReactNode }) {
  const [lang, setLang] = useState<Lang>(() => first());
  const [zone, setZone] = useState<Zone>(() => (kept('zone') === 'local' ? 'local' : 'utc'));

  useEffect(() => {
    document.documentElement.lang = lang;
    keep('lang', lang);
  }, [lang]);
  useEffect(() => keep('zone', zone), [zone]);

  const spoken = useMemo<Spoken>(
    () => ({ t: lang === 'fr' ? fr : en, f: format(lang, zone), lang, zone, setLang, setZone }),
    [lang, zone],
  );
  return <Context value={spoken}>{children}</Context>;
}

/** What is told in here says its instants otherwise. */
export function InFormat({ f, children }: { f: Format; children: ReactNode }) {
  const spoken = useLang();
  const here = useMemo(() => ({ ...spoken, f }), [spoken, f]);
  return <Context value={here}>{children}</Context>;
}

export function useLang(): Spoken {
  const spoken = useContext(Context);
  if (spoken === null) throw new Error('outside LangProvider');
  return spoken;
}

function first(): Lang {
  const chosen = kept('lang');
  if (chosen === 'fr' || chosen === 'en') return chosen;
  return navigator.language.toLowerCase().startsWith('fr') ? 'fr' : 'en';
}

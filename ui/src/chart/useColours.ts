import { useComputedColorScheme } from '@mantine/core';
import { useMemo } from 'react';

import { useMeta } from '../api/queries';
import { colourOf, DARK, LIGHT, type Palette } from '../theme/palette';

export interface Colours {
  palette: Palette;
  actor: (name: string | null) => string;
  operation: (name: string | null) => string;
  /** The monolith is stone; what replaces it has colour. */
  service: (name: string | null) => string;
  isMonolith: (name: string | null) => boolean;
}

/** One colour a name, the same on every chart. */
export function useColours(): Colours {
  const scheme = useComputedColorScheme('light');
  const meta = useMeta().data;
  return useMemo(() => {
    const palette = scheme === 'dark' ? DARK : LIGHT;
    const monoliths = meta?.monoliths ?? [];
    const fresh = (meta?.services ?? []).filter((it) => !monoliths.includes(it));
    const operations = [...new Set(meta?.operations.map((it) => it.operation))];
    const isMonolith = (name: string | null) => name !== null && monoliths.includes(name);
    return {
      palette,
      isMonolith,
      actor: (name) => colourOf(palette, name, meta?.actors ?? []),
      operation: (name) => (name === null ? palette.quiet : colourOf(palette, name, operations)),
      service: (name) => (isMonolith(name) ? palette.monolith : colourOf(palette, name, fresh)),
    };
  }, [scheme, meta]);
}

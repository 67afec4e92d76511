import { localStorageColorSchemeManager } from '@mantine/core';

/** The same key as in `theme.js`, which runs before the first paint. */
export const schemeManager = localStorageColorSchemeManager({ key: 'dolmen.theme' });

import type { Words } from './en';
import { common } from './fr/common';
import { map } from './fr/map';
import { screens } from './fr/screens';
import { shell } from './fr/shell';
import { tour } from './fr/tour';
import { verdict } from './fr/verdict';

/** Tout ce que dit la page, en français. */
export const fr: Words = { ...common, ...shell, ...screens, map, tour, verdict };

import { common } from './en/common';
import { map } from './en/map';
import { screens } from './en/screens';
import { shell } from './en/shell';
import { tour } from './en/tour';
import { verdict } from './en/verdict';

/** Everything that the page says, in English. The French dictionary has the same shape. */
export const en = { ...common, ...shell, ...screens, map, tour, verdict };

export type Words = typeof en;

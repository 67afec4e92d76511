import type { Page } from 'playwright-core';

import { settled } from './open';

export interface Screen {
  name: string;
  path: string;
  /** What is opened on it before one looks. */
  then?: (page: Page) => Promise<unknown>;
}

/** Every screen, and what opens over it. */
export const SCREENS: readonly Screen[] = [
  { name: 'panel', path: '/' },
  { name: 'operations', path: '/operations' },
  { name: 'operation', path: '/operations/external%20transfer?service=monolith' },
  { name: 'endpoint', path: '/endpoint?name=GET+/banque.do&service=monolith' },
  { name: 'calls', path: '/calls?f=actor:unknown' },
  { name: 'call', path: '/calls?f=address:10.0.9.15', then: openFirst },
  { name: 'callers', path: '/callers' },
  { name: 'alerts', path: '/alerts?state=all' },
  { name: 'settings', path: '/settings' },
  { name: 'configuration', path: '/settings?tab=configuration' },
  { name: 'nothing', path: '/?t=2019-01-01..2019-02-01&f=actor:unknown' },
  { name: 'refused', path: '/calls?q=service:monolith+and+sttaus%3E=500' },
  { name: 'time', path: '/?t=2023-03-20..2023-04-03', then: (page) => press(page, 't', '[role="dialog"]') },
  { name: 'commands', path: '/', then: (page) => press(page, 'Control+k', '[role="dialog"] [role="listbox"]') },
];

async function openFirst(page: Page): Promise<void> {
  await page.locator('[aria-rowindex="2"]').click();
  await page.locator('[data-raw]').waitFor();
  await settled(page);
}

async function press(page: Page, key: string, wanted: string): Promise<void> {
  await page.locator('body').press(key);
  await page.locator(wanted).first().waitFor();
}

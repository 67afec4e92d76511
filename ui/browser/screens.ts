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
  { name: 'switchoff', path: '/switch-off' },
  { name: 'verdict', path: '/switch-off?open=external+transfer~monolith', then: (page) => press(page, 'Escape', '[data-reason]') },
  { name: 'word', path: '/switch-off?open=card+ceiling~monolith', then: sayWord },
  { name: 'map', path: '/map' },
  { name: 'map-against', path: '/map', then: drawMap },
  { name: 'alerts', path: '/alerts?state=all' },
  { name: 'alerts-tried', path: '/alerts', then: tryAlerts },
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
  await page.locator('[data-happened]').waitFor();
  await settled(page);
}

async function tryAlerts(page: Page): Promise<void> {
  await page.locator('[data-tried] button').click();
  const told = page.locator('[data-tried] [data-kind] li').first();
  await told.waitFor();
  await told.scrollIntoViewIfNeeded();
}

async function sayWord(page: Page): Promise<void> {
  await page.locator('[data-word="say"]').click();
  await page.locator('form input').last().waitFor();
}

/** One operation of the bank is missing on it, and one that nobody asks for is there. */
const MAP = `actor = ["web portal", "branch tool", "large accounts"]

[[service]]
name = "monolith"
operations = ["balance and movements", "internal transfer", "external transfer", "card ceiling", "standing order"]

[[service]]
name = "transfers"
operations = ["external transfer"]

[[service]]
name = "cards"
operations = ["card ceiling"]
`;

export async function drawMap(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: /TOML/ }).fill(MAP);
  await page.locator('main form button[type="submit"]').click();
  await page.locator('[data-outcome]').waitFor();
  await settled(page);
}

async function press(page: Page, key: string, wanted: string): Promise<void> {
  await page.locator('body').press(key);
  await page.locator(wanted).first().waitFor();
  await settled(page);
}

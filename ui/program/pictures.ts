/** Pictures for the README and the docs, of the bank's days and years in the page that the program serves. */

import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';

import { launch, open, settled, type Look } from '../browser/open';
import { serve, type Server } from './dolmen';

const INTO = process.env['DOLMEN_PICTURES'] ?? '';

interface Picture extends Look {
  name: string;
  path: string;
  /** All of the page, not only what a window shows of it. */
  whole?: boolean;
  then?: (page: Page) => Promise<unknown>;
}

const YEARS: readonly Picture[] = [
  { name: 'panel', path: '/?t=2023-03-20..2023-07-01' },
  { name: 'panel-whole', path: '/?t=2023-03-20..2023-07-01', whole: true },
  { name: 'panel-dark-fr', path: '/?t=2023-03-20..2026-03-01', lang: 'fr', theme: 'dark' },
  { name: 'tour', path: '/?t=2023-03-20..2023-05-01', tour: true },
  { name: 'switchoff', path: '/switch-off?t=2023-03-20..2023-12-01' },
  { name: 'operations', path: '/operations?t=2023-03-20..2023-12-01' },
  { name: 'operation', path: '/operations/external%20transfer?service=monolith&t=2023-03-20..2023-12-01', whole: true },
  { name: 'endpoint', path: '/endpoint?name=GET+/banque.do&service=monolith&t=2023-03-20..2023-12-01' },
  { name: 'map', path: '/map?t=2023-03-20..2023-12-01' },
  { name: 'calls', path: '/calls?f=operation:%22external+transfer%22&t=2023-05-10..2023-07-01' },
  { name: 'call', path: '/calls?f=operation:%22external+transfer%22&f=service:monolith&t=2023-05-10..2023-07-01', then: openFirst },
  { name: 'settings', path: '/settings' },
  { name: 'phone', path: '/?t=2023-03-20..2023-07-01', width: 390, height: 844 },
  // The last, because it lets one call more happen.
  { name: 'alerts', path: '/alerts?state=all', then: callAgain },
];

/** Small enough for a page of text. */
const DESK = { width: 1200, height: 780 };

/** A fortnight with three actors, and two machines that nobody knows. */
const FORTNIGHT: readonly Picture[] = [{ name: 'callers', path: '/callers', then: (page) => page.getByText('10,500 calls').waitFor({ timeout: 100_000 }) }];

describe('pictures', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dolmen-pictures-'));
  const servers: Server[] = [];
  let browser: Browser;
  let years: Server;
  let fortnight: Server;
  beforeAll(async () => {
    mkdirSync(INTO, { recursive: true });
    browser = await launch();
    years = await serve(['demo', '--story', 'monobanque', '--dir', 'bank', '--listen', '127.0.0.1:0'], folder);
    fortnight = await serve(['serve', '--config', 'bank/three-actors.toml', '--store', 'three', '--listen', '127.0.0.1:0'], folder);
    servers.push(years, fortnight);
  });
  afterAll(async () => {
    await browser.close();
    for (const server of servers) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const take = ({ name, path, whole, then, ...look }: Picture, server: () => Server) =>
    it(name, async () => {
      const { page } = await open(browser, path, { ...DESK, ...look, base: server().base });
      await then?.(page);
      await page.screenshot({ path: join(INTO, `${name}.png`), fullPage: whole ?? false });
      await page.context().close();
    });
  for (const picture of YEARS) take(picture, () => years);
  for (const picture of FORTNIGHT) take(picture, () => fortnight);
});

/** The old computer calls once more, and somebody is told. */
async function callAgain(page: Page): Promise<void> {
  const status = await page.evaluate(async () => (await fetch('/api/v1/demo/call', { method: 'POST' })).status);
  if (status !== 204) throw new Error(`the demonstration answers ${status}`);
  await page.getByRole('button', { name: 'Acknowledge' }).first().waitFor({ timeout: 100_000 });
}

async function openFirst(page: Page): Promise<void> {
  await page.locator('[aria-rowindex="2"]').click();
  await page.locator('[data-raw]').waitFor();
  await page.locator('[data-happened]').waitFor();
  await settled(page);
}

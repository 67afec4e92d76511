import { existsSync } from 'node:fs';
import { inject } from 'vitest';
import { chromium, type Browser, type Page } from 'playwright-core';

import type { Lang } from '../src/format/format';

/** Where Debian puts its browser, unless somebody has another. */
export const CHROMIUM = process.env['DOLMEN_CHROMIUM'] ?? '/usr/bin/chromium';
export const HAS_BROWSER = existsSync(CHROMIUM);

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

export async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** How long anything on a page may take: far more than it ever needs, on a machine that has much to do. */
const PATIENCE = 100_000;

export interface Look {
  lang?: Lang;
  theme?: 'light' | 'dark';
  width?: number;
  height?: number;
  /** Whether the tour of a demonstration is under way; it stands before other things. */
  tour?: boolean;
  /** Where the page is; the preview with invented data without it. */
  base?: string;
}

/** A page with a reader's taste. What it says of errors is kept. */
export async function open(browser: Browser, path: string, look: Look = {}): Promise<{ page: Page; errors: string[] }> {
  const { lang = 'en', theme = 'light', width = 1360, height = 900, tour = false, base = inject('base') } = look;
  const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce', timezoneId: 'UTC', permissions: ['clipboard-read', 'clipboard-write'] });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  await page.addInitScript(
    ({ lang, theme, tour }) => {
      localStorage.setItem('dolmen.lang', lang);
      localStorage.setItem('dolmen.theme', theme);
      if (!tour) localStorage.setItem('dolmen.tour', 'ended');
    },
    { lang, theme, tour },
  );
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(base + path);
  await settled(page);
  return { page, errors };
}

/** Waits until nothing is being fetched or sketched any more. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.waitForFunction(() => document.querySelector('.mantine-Skeleton-root, [data-chart]:empty') === null);
  await page.evaluate(() => document.fonts.ready);
}

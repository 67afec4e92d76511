import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { HAS_BROWSER, launch, open, settled } from './open';

describe.skipIf(!HAS_BROWSER)('the control panel', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it('shows every declared operation of the monolith', async () => {
    const { page, errors } = await open(browser, '/');
    const tiles = await page.locator('[data-operation]').evaluateAll((all) => all.map((it) => it.getAttribute('data-operation')));
    expect(tiles).toEqual(['balance and movements', 'internal transfer', 'external transfer', 'card block', 'card ceiling']);
    expect(errors).toEqual([]);
  });

  it('filters by what is clicked on, and the address says so', async () => {
    const { page } = await open(browser, '/');
    const before = await page.locator('[data-figure="calls"]').innerText();
    await page.getByRole('button', { name: /^unknown [\d,]+ [\d.]+%$/ }).click();
    await page.waitForURL(/f=actor:unknown/);
    await settled(page);
    await page.waitForFunction((old) => document.querySelector<HTMLElement>('[data-figure="calls"]')?.innerText !== old, before);
    expect(await page.getByRole('list', { name: 'Filters' }).innerText()).toContain('unknown');
    await page.goBack();
    await page.waitForFunction((old) => document.querySelector<HTMLElement>('[data-figure="calls"]')?.innerText === old, before);
  });
});

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { HAS_BROWSER, launch, open } from './open';

describe.skipIf(!HAS_BROWSER)('alerts', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it('say which kinds are armed, and are tried on history before they are', async () => {
    const { page, errors } = await open(browser, '/alerts');
    const kinds = page.locator('[data-tried] [data-kind]');
    await kinds.first().waitFor();
    const badges = async () => (await kinds.allInnerTexts()).map((text) => text.split('\n').slice(0, 2));
    expect(await badges()).toEqual([
      ['Residual call', 'armed'], ['Unknown caller', 'armed'], ['Mark without a call', 'armed'], ['Without a request id', 'not armed'], ['Silent source', 'armed'],
    ]);
    await page.getByRole('button', { name: 'Try it' }).click();
    await kinds.nth(3).getByText('Calls without a request id on monolith · 44 times').waitFor();
    expect(await kinds.first().innerText()).toContain('External transfer is retired on monolith and still called · once');
    expect(await page.getByRole('button', { name: 'Try it' }).count()).toBe(0);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('of marks without a call show who wrote them', async () => {
    const { page, errors } = await open(browser, '/alerts?state=all', { lang: 'fr' });
    const alert = page.locator('[data-alert="mark_only"]');
    await alert.getByRole('button', { name: 'Montrer les lignes' }).click();
    const lines = alert.locator('[data-lines] li');
    await lines.first().waitFor();
    expect(await lines.count()).toBe(2);
    expect(await lines.first().innerText()).toContain('"user":"batch"');
    // What cannot be read is named, with what to do.
    expect(await alert.getByRole('note').innerText()).toMatch(/illisible.*\n.*0000000007-marks\.parquet.*restore this file from a backup/);
    await alert.getByRole('button', { name: 'Cacher les lignes' }).click();
    await lines.first().waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('are acknowledged, and that is taken back', async () => {
    const { page, errors } = await open(browser, '/alerts?state=all');
    const alert = page.locator('[data-alert="residual_call"]');
    await alert.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByText('Acknowledged. The same cause').hover();
    await alert.getByText(/acknowledged /).waitFor();
    await page.getByRole('status').getByRole('button', { name: 'Undo' }).click();
    await alert.getByRole('button', { name: 'Acknowledge' }).waitFor();
    expect(await alert.getByText(/acknowledged /).count()).toBe(0);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

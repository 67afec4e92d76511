import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { HAS_BROWSER, launch, open, settled } from './open';
import { drawMap } from './screens';

describe.skipIf(!HAS_BROWSER)('whoever must decide', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it('writes down what an owner says, and takes it back', async () => {
    const { page, errors } = await open(browser, '/switch-off?open=card+ceiling~monolith');
    const item = page.locator('[data-verdict="card ceiling"]');
    await page.locator('[data-word="say"]').click();
    await page.getByRole('button', { name: 'Write it down' }).click();
    await page.getByText('Both are needed: who, and why').waitFor();
    await page.getByLabel('Who says so').fill('Anna, branches');
    await page.getByLabel('Why it may be believed').fill('the tool was replaced');
    await page.getByRole('button', { name: 'Write it down' }).click();
    await item.locator('[data-reason="word"]').waitFor();
    expect(await item.locator('[data-reason="word"]').innerText()).toBe('Anna, branches says that nobody calls any more: the tool was replaced.');
    expect(await item.getByText('Anna, branches, 18 Apr 2023').count()).toBe(1);
    await page.reload();
    await settled(page);
    await item.locator('[data-reason="word"]').waitFor();
    await page.getByRole('button', { name: 'Take back' }).click();
    await item.locator('[data-reason="word"]').waitFor({ state: 'detached' });
    await page.getByText('Nobody has said anything about it.').waitFor();
    expect(errors).toEqual([]);
  });

  it('speaks for all hosts of a caller, not for the last one alone', async () => {
    const { page, errors } = await open(browser, '/switch-off?open=card+ceiling~monolith');
    await page.locator('[data-word="say"]').click();
    const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/words'));
    await page.getByRole('combobox', { name: 'What is said' }).click();
    await page.getByRole('option', { name: 'branch tool is gone', exact: true }).click();
    await page.getByLabel('Who says so').fill('Anna, branches');
    await page.getByLabel('Why it may be believed').fill('the tool was replaced');
    await page.getByRole('button', { name: 'Write it down' }).click();
    expect((await sent).postDataJSON()).toMatchObject({ about: 'gone', actor: 'branch tool', address: null, user_agent: null });
    expect(errors).toEqual([]);
  });

  it('exports for a change board in the language of the page, as of the end of a fixed time', async () => {
    const links = async (lang: 'en' | 'fr', path: string, button: string) => {
      const { page } = await open(browser, path, { lang });
      await page.getByRole('button', { name: button }).first().click();
      const all = page.locator('a[href*="/verdicts/board."]');
      await all.first().waitFor();
      return all.evaluateAll((found) => found.map((it) => it.getAttribute('href')));
    };
    expect(await links('fr', '/switch-off', 'Exporter')).toEqual(['/api/v1/verdicts/board.html?lang=fr', '/api/v1/verdicts/board.csv?lang=fr']);
    const [board] = await links('en', '/switch-off?t=2023-03-20..2023-04-03', 'Export');
    expect(board).toBe('/api/v1/verdicts/board.html?lang=en&at=2023-04-03T00%3A00%3A00.000Z');
  });

  it('reads in French why an operation should move first', async () => {
    const { page } = await open(browser, '/switch-off', { lang: 'fr' });
    const why = page.locator('[data-first="card block"]');
    await why.waitFor();
    expect(await why.innerText()).toMatch(/^\d+ appelants connus font/);
  });

  it('reads in French why somebody unknown may be who it seems', async () => {
    const { page } = await open(browser, '/callers', { lang: 'fr' });
    await page.getByText(/^(script|application) : (l’agent d’une bibliothèque|son agent est)/).first().waitFor();
  });

  it('sees who calls what, and a click keeps that alone', async () => {
    const { page, errors } = await open(browser, '/map');
    const names = (side: string) => page.locator(`[data-box="${side}"]`).evaluateAll((all) => all.map((it) => it.querySelector('[data-name]')?.textContent));
    expect(await names('actor')).toEqual(['web portal', 'branch tool', 'large accounts', 'unknown']);
    expect(await names('service')).toEqual(['monolith', 'transfers', 'cards']);
    expect(await names('operation')).toContain('no operation');
    await page.getByRole('button', { name: /^Actors: branch tool/ }).click();
    await page.waitForURL(/f=actor:%22branch\+tool%22/);
    await expect.poll(() => names('actor')).toEqual(['branch tool']);
    await page.getByRole('button', { name: /^View as table: / }).click();
    const rows = page.getByRole('table', { name: 'Who calls what, and where' }).getByRole('row');
    expect(await rows.nth(1).innerText()).toMatch(/^branch tool\s/);
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    expect(await page.locator('a[href*="/api/v1/map?"][href*="format=csv"]').getAttribute('href')).toContain('where=actor');
    expect(errors).toEqual([]);
  });

  it('holds a map against what was seen, and begins one with it', async () => {
    const { page, errors } = await open(browser, '/map');
    await drawMap(page);
    const outcome = page.locator('[data-outcome]');
    expect(await outcome.getByRole('row', { name: /^not on the map operation card block on monolith/ }).count()).toBe(1);
    expect(await outcome.getByRole('row', { name: /^not seen operation standing order on monolith/ }).count()).toBe(1);
    expect(await standing(page, 'card block')).toContain('not on the map');
    expect(await standing(page, 'standing order')).toContain('not seen');
    // It is there again after a reload, until it is put away.
    await page.reload();
    await outcome.waitFor();
    await page.getByRole('button', { name: 'Begin with what was seen' }).click();
    await page.locator('[data-outcome="agrees"]').waitFor();
    await page.getByRole('button', { name: 'Put the map away' }).click();
    await outcome.waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
  });

  it('is told what is wrong with a map', async () => {
    const { page } = await open(browser, '/map');
    await page.locator('input[data-map-file]').setInputFiles({ name: 'map.toml', mimeType: 'text/plain', buffer: Buffer.from('nobody = 1') });
    expect(await page.getByRole('alert').innerText()).toContain('line 1');
  });
});

function standing(page: Page, operation: string): Promise<string> {
  return page.locator('[data-box="operation"]', { hasText: operation }).innerText();
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { HAS_BROWSER, launch, open } from '../browser/open';
import { serve, type Server } from './dolmen';

/** What those who must decide take from the page that the program serves. */
describe.skipIf(!HAS_BROWSER)('whoever decides on the bank’s years', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dolmen-decide-'));
  const complaints: string[] = [];
  let browser: Browser;
  let demo: Server;
  beforeAll(async () => {
    [browser, demo] = await Promise.all([launch(), serve(['demo', '--story', 'monobanque', '--dir', 'bank', '--listen', '127.0.0.1:0'], folder)]);
  });
  afterAll(async () => {
    await browser.close();
    await demo.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(() => expect(complaints.splice(0)).toEqual([]));

  const walk = async (path: string, lang: 'en' | 'fr' = 'en'): Promise<Page> => {
    const { page, errors } = await open(browser, path, { base: demo.base, lang });
    page.on('close', () => complaints.push(...errors));
    return page;
  };

  it('takes a page for the change board along, in French, which prints and asks nobody for anything', async () => {
    const page = await walk('/switch-off?t=2023-03-20..2023-06-02', 'fr');
    await page.getByRole('button', { name: 'Exporter' }).first().click();
    const opened = page.context().waitForEvent('page');
    await page.getByRole('menuitem', { name: 'Page pour le comité de changement' }).click();
    const board = await opened;
    await board.getByRole('heading', { name: 'Ce qui peut être éteint' }).waitFor();
    expect(await board.locator('html').getAttribute('lang')).toBe('fr');
    expect(await board.locator('p.small').innerText()).toContain('Au 02/06/2023');
    const section = board.locator('section', { hasText: 'external transfer sur monolith' });
    expect(await section.innerText()).toContain('résiduelle');
    expect(await section.innerText()).toContain('le 1er du mois à 06:15');
    expect(await board.locator('[src], link, script').count()).toBe(0);
    await page.close();
  });

  it('and a table for spreadsheets', async () => {
    const page = await walk('/switch-off?t=2023-03-20..2023-06-02');
    await page.getByRole('button', { name: 'Export' }).first().click();
    const saved = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Table (CSV)' }).click();
    const file = await saved;
    expect(file.suggestedFilename()).toBe('dolmen-verdicts.csv');
    const chunks: Buffer[] = [];
    for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
    const lines = Buffer.concat(chunks).toString().split('\r\n');
    expect(lines[0]).toMatch(/^operation,service,state,is_safe,safe_on/);
    expect(lines.find((it) => it.startsWith('external transfer,monolith,'))).toContain(',residual,false,');
    await page.close();
  });

  it('writes down what an owner says of a computer in a cupboard, and takes it back', async () => {
    const page = await walk('/switch-off?open=card+block~monolith');
    const item = page.locator('[data-verdict="card block"]');
    await page.locator('[data-word="say"]').click();
    await page.getByLabel('Who says so').fill('Anna, branches');
    await page.getByLabel('Why it may be believed').fill('the computer was scrapped');
    await page.getByRole('button', { name: 'Write it down' }).click();
    await item.locator('[data-reason="word"]').waitFor();
    const words = await (await fetch(`${demo.base}/api/v1/words`)).json() as { words: { who: string; operation: string }[] };
    expect(words.words.map((it) => [it.operation, it.who])).toEqual([['card block', 'Anna, branches']]);
    await page.getByRole('button', { name: 'Take back' }).click();
    await item.locator('[data-reason="word"]').waitFor({ state: 'detached' });
    await page.close();
  });

  it('sees who calls what, and holds what was seen against a map of an earlier month', async () => {
    const page = await walk('/map?t=2023-03-20..2023-04-20');
    const names = (side: string) => page.locator(`[data-box="${side}"]`).evaluateAll((all) => all.map((it) => it.querySelector('[data-name]')?.textContent));
    expect(await names('service')).toEqual(['monolith']);
    await page.getByRole('button', { name: 'Begin with what was seen' }).click();
    await page.locator('[data-outcome="agrees"]').waitFor();
    await page.goto(`${demo.base}/map?t=2023-03-20..2023-06-20`);
    const outcome = page.locator('[data-outcome="differs"]');
    await outcome.getByRole('row', { name: /^not on the map service external transfers/ }).waitFor();
    expect(await page.locator('[data-box="service"]', { hasText: 'external transfers' }).innerText()).toContain('not on the map');
    await page.close();
  });
});

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { HAS_BROWSER, launch, open, settled } from './open';

describe.skipIf(!HAS_BROWSER)('a residual call', () => {
  let browser: Browser;
  let page: Page;
  let errors: string[];
  beforeAll(async () => {
    browser = await launch();
    ({ page, errors } = await open(browser, '/'));
  });
  afterAll(() => browser.close());

  it('is red on the control panel, where the other operations are not', async () => {
    const tile = page.locator('[data-operation="external transfer"]');
    expect(await tile.innerText()).toContain('1,254 before');
    expect(await tile.innerText()).toMatch(/^external transfer\n+1\s*1,254/);
    expect(await colour(tile)).not.toBe(await colour(page.locator('[data-operation="card block"]')));
  });

  it('leads to its operation, which says who it is', async () => {
    await page.locator('[data-operation="external transfer"]').click();
    await page.getByRole('heading', { name: 'external transfer' }).waitFor();
    await settled(page);
    expect(await page.getByRole('row', { name: /^unknown 1 / }).count()).toBe(1);
    expect(await page.getByRole('table', { name: 'Callers and their rhythm' }).innerText()).toContain('compte-virements.sh');
  });

  it('and to its raw line with its address and user agent, and back', async () => {
    await page.locator('button', { hasText: 'compte=compteur' }).click();
    await page.locator('[data-raw]').waitFor();
    const line = await page.locator('[data-raw]').innerText();
    expect(line).toContain('10.0.9.15');
    expect(line).toContain('compte-virements.sh');
    expect(page.url()).toContain('f=operation:%22external+transfer%22');
    // One request id: the call and its mark, in the order in which they happened.
    await page.getByText('monolith-app').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('[data-raw]').waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
  });

  it('keeps its filters when the time changes, and a pill can be turned round', async () => {
    await page.getByRole('button', { name: /^Filter service monolith/ }).click();
    await page.getByRole('menuitem', { name: 'Exclude instead' }).click();
    await page.waitForURL(/f=!service:monolith/);
    await settled(page);
    const services = page.locator('[data-column="service"]');
    await page.waitForFunction(() => [...document.querySelectorAll('[data-column="service"]')].every((it) => it.textContent !== 'monolith'));
    expect(await services.first().innerText()).toBe('transfers');
    await page.locator('body').press('t');
    await page.getByRole('button', { name: 'All that is stored' }).last().click();
    await page.waitForURL((url) => url.search.includes('!service:monolith') && !url.search.includes('t='));
  });
});

describe.skipIf(!HAS_BROWSER)('personal data', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it('is hidden until one asks, and the address says so', async () => {
    const { page, errors } = await open(browser, '/calls?f=actor:%22large+accounts%22&c=time,user');
    const users = page.locator('[data-column="user"]');
    expect(await users.first().innerText()).toBe('‹e-mail›');
    await page.getByRole('button', { name: /^Personal data hidden/ }).click();
    await page.waitForURL(/personal=1/);
    await page.waitForFunction(() => document.querySelector('[data-column="user"]')?.textContent === 'compta@client.example');
    const hrefs = await links(page);
    expect(hrefs.every((it) => it.includes('masked=false'))).toBe(true);
    await page.getByRole('button', { name: /^Personal data shown/ }).click();
    await page.waitForFunction(() => document.querySelector('[data-column="user"]')?.textContent === '‹e-mail›');
    expect(page.url()).not.toContain('personal');
    expect((await links(page)).some((it) => it.includes('masked'))).toBe(false);
    expect(errors).toEqual([]);
  });

  it('is hidden in the raw line, and one can still filter by what it hides', async () => {
    const { page } = await open(browser, '/calls?f=actor:%22large+accounts%22');
    await page.locator('[aria-rowindex="2"]').click();
    const line = await page.locator('[data-raw]').innerText();
    expect(line).toContain(' - ‹e-mail› [');
    expect(line).not.toContain('compta');
    await page.getByRole('button', { name: 'Keep only this User', exact: true }).click();
    await page.waitForURL((url) => url.searchParams.getAll('f').includes('user:"*"'));
  });

  const links = async (page: Page) => {
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('menuitem').first().waitFor();
    const found = await page.getByRole('menuitem').evaluateAll((items) => items.map((it) => it.getAttribute('href') ?? ''));
    await page.keyboard.press('Escape');
    return found;
  };
});

describe.skipIf(!HAS_BROWSER)('the shell', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it('zooms into what is dragged over, and steps back', async () => {
    const { page } = await open(browser, '/');
    const box = await page.getByRole('img', { name: /^Calls over time/ }).boundingBox();
    if (box === null) throw new Error('no chart');
    await page.mouse.move(box.x + 300, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + 500, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/t=2023-03-\d\d\.\.2023-03-\d\d/);
    await page.goBack();
    await page.waitForURL((url) => !url.search.includes('t='));
  });

  it('refuses a query and points at what is wrong', async () => {
    const { page } = await open(browser, '/calls');
    await page.locator('body').press('/');
    await page.keyboard.type('service:monolith and sttaus>=500');
    await page.keyboard.press('Enter');
    const refusal = page.getByRole('alert');
    expect(await refusal.innerText()).toContain('There is no field sttaus; did you mean status?');
    expect(page.url()).not.toContain('sttaus');
    await refusal.getByRole('button', { name: 'status' }).click();
    await page.locator('#query').press('Enter');
    await page.waitForURL((url) => url.searchParams.get('q') === 'service:monolith and status>=500');
  });

  it('keeps the names of columns in sight, and the chosen row below them', async () => {
    const { page } = await open(browser, '/calls');
    const edges = () => page.evaluate(() => {
      const edge = (wanted: string, side: 'top' | 'bottom') => Math.round(document.querySelector(wanted)?.getBoundingClientRect()[side] ?? Number.NaN);
      return { bar: edge('header', 'bottom'), head: edge('[role="columnheader"]', 'top'), under: edge('[role="columnheader"]', 'bottom'), row: edge('[aria-selected="true"]', 'top') };
    });
    await page.evaluate(() => window.scrollTo(0, 1_500));
    await expect.poll(async () => (await edges()).head - (await edges()).bar).toBeLessThan(12);
    expect((await edges()).head).toBeGreaterThanOrEqual((await edges()).bar);
    // A row that is chosen by keyboard from above the window comes down from under them.
    await page.locator('[aria-rowindex="58"]').click();
    await page.evaluate(() => window.scrollBy(0, 400));
    await page.keyboard.press('k');
    await expect.poll(async () => (await edges()).row - (await edges()).under).toBeGreaterThanOrEqual(0);
  });

  it('completes names', async () => {
    const { page } = await open(browser, '/calls');
    await page.locator('#query').fill('actor:we');
    await page.getByRole('option', { name: '"web portal"' }).waitFor();
    await page.locator('#query').press('ArrowDown');
    await page.locator('#query').press('Enter');
    expect(await page.locator('#query').inputValue()).toBe('actor:"web portal" ');
  });

  it('finds its way by keyboard', async () => {
    const { page } = await open(browser, '/');
    await page.locator('body').press('Control+k');
    await page.getByRole('combobox', { name: 'Search and commands' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.type('unknown callers');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/callers/);
    // Until it has faded, the palette has the keys; and who presses again before a screen has come starts anew.
    await expect.poll(async () => {
      await page.keyboard.press('g');
      await page.keyboard.press('s');
      return page.url();
    }, { interval: 1_500 }).toMatch(/\/settings/);
  });

  it('shows every chart as a table', async () => {
    const { page } = await open(browser, '/');
    const switches = page.getByRole('button', { name: /^View as table/ });
    expect(await switches.count()).toBe(5);
    while ((await switches.count()) > 0) await switches.first().click();
    expect(await page.getByRole('table', { name: 'Calls over time' }).getByRole('row').count()).toBeGreaterThan(40);
    expect(await page.getByRole('table', { name: 'Services' }).innerText()).toContain('transfers');
  });

  it('survives an address that somebody mangled', async () => {
    const { page, errors } = await open(browser, '/?t=soon&f=%7B%7B&f=actor:unknown');
    expect(await page.getByRole('alert').innerText()).toContain('{{');
    expect(await page.getByRole('list', { name: 'Filters' }).innerText()).toContain('actor');
    expect(errors).toEqual([]);
  });

  it('copies a link with fixed times', async () => {
    const { page } = await open(browser, '/?t=1y&f=actor:unknown');
    await page.getByRole('button', { name: 'Copy a link to this view' }).click();
    await page.getByText('Link copied').waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    expect(link).toMatch(/\?t=\d{4}-.*\.\.\d{4}-.*&f=actor:unknown$/);
  });
});

describe.skipIf(!HAS_BROWSER)('an unknown caller', () => {
  it('is named with one key after the other, and the name can be taken back', async () => {
    const browser = await launch();
    const { page } = await open(browser, '/callers');
    const rows = page.locator('li', { has: page.getByRole('checkbox') });
    const before = await rows.count();
    await page.locator('body').press('j');
    await rows.nth(1).locator('[aria-current="true"]').waitFor();
    await page.keyboard.press('n');
    await page.locator('#actor-name:focus').waitFor();
    await page.locator('#actor-name').fill('virement script');
    await page.getByRole('button', { name: 'Name this caller' }).click();
    // Who points at the words keeps them there.
    await page.getByText('virement script has a name now.').hover();
    await page.waitForFunction((old) => document.querySelectorAll('li input[type="checkbox"]').length === old - 1, before);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.waitForFunction((old) => document.querySelectorAll('li input[type="checkbox"]').length === old, before);
    await browser.close();
  });
});

function colour(it: ReturnType<Page['locator']>): Promise<string> {
  return it.evaluate((element) => getComputedStyle(element).backgroundColor);
}

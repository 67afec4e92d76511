import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import type axe from 'axe-core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { HAS_BROWSER, launch, open } from './open';
import { SCREENS } from './screens';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

declare global {
  interface Window {
    axe: typeof axe;
  }
}

describe.skipIf(!HAS_BROWSER)('everybody can use', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  for (const { name, path, then } of SCREENS) {
    it.each([['en', 'light'], ['en', 'dark'], ['fr', 'light'], ['fr', 'dark']] as const)(`${name}, %s, %s`, async (lang, theme) => {
      const { page } = await open(browser, path, { lang, theme });
      await then?.(page);
      await page.evaluate(AXE);
      const faults = await page.evaluate(async () => {
        const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
        const serious = violations.filter((it) => it.impact === 'serious' || it.impact === 'critical');
        return serious.flatMap((it) => it.nodes.map((node) => `${it.id}: ${node.target.join(' ')}: ${node.any[0]?.message ?? node.failureSummary ?? ''}`));
      });
      expect(faults).toEqual([]);
      await page.context().close();
    });
  }

  it('a telephone shows every screen without scrolling sideways', async () => {
    for (const { name, path } of SCREENS) {
      const { page } = await open(browser, path, { width: 390, height: 844 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(wide, name).toBeLessThanOrEqual(0);
      await page.context().close();
    }
  });
});

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { HAS_BROWSER, launch, open } from './open';
import { SCREENS } from './screens';

/** A folder for the pictures; without it they are not taken. */
const FOLDER = process.env['DOLMEN_PICTURES'];
const ONLY = process.env['DOLMEN_PICTURE'];
const SIZES = [{ size: 'desk', width: 1360, height: 900 }, { size: 'phone', width: 390, height: 844 }];

describe.skipIf(!HAS_BROWSER || FOLDER === undefined)('pictures', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
    mkdirSync(FOLDER ?? '', { recursive: true });
  });
  afterAll(() => browser.close());

  for (const { name, path, then } of SCREENS.filter((it) => ONLY === undefined || ONLY.split(',').includes(it.name))) {
    it(name, async () => {
      for (const { size, width, height } of SIZES) {
        for (const [lang, theme] of [['en', 'light'], ['fr', 'dark'], ['fr', 'light'], ['en', 'dark']] as const) {
          const { page, errors } = await open(browser, path, { lang, theme, width, height });
          await then?.(page);
          await page.screenshot({ path: join(FOLDER ?? '', `${name}-${size}-${lang}-${theme}.png`) });
          expect(errors).toEqual([]);
          await page.context().close();
        }
      }
    });
  }
});

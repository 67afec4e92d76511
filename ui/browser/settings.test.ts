import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { HAS_BROWSER, launch, open } from './open';

describe.skipIf(!HAS_BROWSER)('the sources', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  const row = async (name: string, lang: 'en' | 'fr') => {
    const { page } = await open(browser, '/settings', { lang });
    const text = (await page.getByRole('row', { name: new RegExp(`^${name} `) }).innerText()).replace(/\s+/g, ' ');
    await page.context().close();
    return text;
  };

  it('tell the minute since which one is silent', async () => {
    expect(await row('cards-proxy', 'en')).toContain('silent since 17 Apr 2023, 18:20:00');
    expect(await row('cards-proxy', 'fr')).toContain('muette depuis le 17 avr. 2023, 18:20:00');
  });

  it('tell what keeps lines from being read, since when, and how many files there are', async () => {
    expect(await row('branches', 'en')).toContain('no line yet · no gap · 1 file Not read since 18 Apr 2023, 08:00:00: /var/log/branches/access.log: Permission denied');
    expect(await row('branches', 'fr')).toContain('1 fichier Non lue depuis le 18 avr. 2023, 08:00:00 : /var/log/branches/access.log: Permission denied');
    expect(await row('proxy', 'en')).not.toContain('Not read');
  });

  it('tell who is connected, and what was refused and why', async () => {
    expect(await row('proxy', 'en')).toContain('2 connected · refused since the start: 1,204 from a network that may not send and 1 line too long');
    expect(await row('proxy', 'fr')).toContain('connexions : 2 · refus depuis le démarrage : 1 204 d’un réseau non autorisé et 1 ligne trop longue');
    expect(await row('monolith-app', 'en')).not.toContain('connected');
  });
});

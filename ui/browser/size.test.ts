import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const DIST = new URL('../dist/', import.meta.url);

/** Bytes as they go over the wire. */
function packed(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, DIST)), { level: 9 }).length, 0);
}

const kilobytes = (bytes: number) => Math.round(bytes / 1000);

/** What the page may weigh: a library that comes in shows here, before somebody waits for it. */
describe('the built page', () => {
  const assets = readdirSync(new URL('assets/', DIST)).map((name) => `assets/${name}`);
  const index = readFileSync(new URL('index.html', DIST), 'utf8');
  const first = assets.filter((name) => index.includes(name));

  it('has no more scripts than this, all together', () => {
    const all = packed(assets.filter((name) => name.endsWith('.js')));
    console.log(`page: ${kilobytes(all)} kB of scripts, gzipped`);
    expect(kilobytes(all)).toBeLessThanOrEqual(340);
  });

  it('shows its first words after no more than this', () => {
    const scripts = packed(first.filter((name) => name.endsWith('.js')));
    const styles = packed(first.filter((name) => name.endsWith('.css')));
    console.log(`page: ${kilobytes(scripts)} kB of scripts and ${kilobytes(styles)} kB of styles before the first paint`);
    expect(kilobytes(scripts)).toBeLessThanOrEqual(256);
    expect(kilobytes(styles)).toBeLessThanOrEqual(25);
  });
});

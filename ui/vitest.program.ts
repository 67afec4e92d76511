import { defineConfig } from 'vitest/config';

/** Walks the bank's story in a browser, in the page as `dolmen` itself serves it; or takes pictures of it. */
export default defineConfig({
  test: {
    include: [process.env['DOLMEN_PICTURES'] === undefined ? 'program/**/*.test.ts' : 'program/pictures.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 100_000 } },
  },
});

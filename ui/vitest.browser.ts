import { defineConfig } from 'vitest/config';

/**
 * Walks through the built page in a browser; one after the other, for the pictures to be steady. Only what
 * has failed waits so long.
 */
export default defineConfig({
  test: {
    include: ['browser/**/*.test.ts'],
    globalSetup: ['browser/serve.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 100_000 } },
  },
});

import { defineConfig } from 'vitest/config';

/** Walks through the built page in a browser; one after the other, for the pictures to be steady. */
export default defineConfig({
  test: {
    include: ['browser/**/*.test.ts'],
    globalSetup: ['browser/serve.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

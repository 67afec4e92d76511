import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

import { fixture } from './dev/plugin.ts';

/** Where a running `dolmen serve` answers; without it, `npm run dev` shows invented data. */
const server = process.env['DOLMEN_SERVER'];

const proxy = server === undefined ? {} : { '/api': server, '/metrics': server, '/health': server };

export default defineConfig({
  plugins: [react(), ...(server === undefined ? [fixture()] : [])],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
  },
  server: { proxy },
  preview: { proxy },
  test: { include: ['src/**/*.test.ts', 'dev/**/*.test.ts'], environment: 'node' },
});

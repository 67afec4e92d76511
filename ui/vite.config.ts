import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

import { fixture } from './dev/plugin.ts';

/** Where a running `dolmen serve` answers; without it, `npm run dev` shows invented data. */
const server = process.env['DOLMEN_SERVER'];

const proxy = server === undefined ? {} : { '/api': server, '/metrics': server, '/health': server };

export default defineConfig({
  plugins: [react(), fontAtOnce(), ...(server === undefined ? [fixture()] : [])],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
  },
  server: { proxy },
  preview: { proxy },
  test: { include: ['src/**/*.test.ts', 'dev/**/*.test.ts'], environment: 'node' },
});

/** Asks for the page's font before its styles do: letters that change later move what was measured by them. */
function fontAtOnce(): Plugin {
  return {
    name: 'dolmen-font',
    transformIndexHtml: {
      order: 'post',
      handler(_, { bundle = {} }) {
        const font = Object.keys(bundle).find((name) => /inter-latin-wght-normal[^/]*\.woff2$/.test(name));
        if (font === undefined) return [];
        return [{ tag: 'link', injectTo: 'head', attrs: { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: '', href: `/${font}` } }];
      },
    },
  };
}

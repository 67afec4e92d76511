import { gzipSync } from 'node:zlib';

import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

import { fixture } from './dev/plugin.ts';

/** Where a running `dolmen serve` answers; without it, `npm run dev` shows invented data. */
const server = process.env['DOLMEN_SERVER'];

const proxy = server === undefined ? {} : { '/api': server, '/metrics': server, '/health': server };

export default defineConfig({
  plugins: [react(), fontAtOnce(), packed(), ...(server === undefined ? [fixture()] : [])],
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

/** Packs scripts and styles once, here, and not each time that somebody asks for them. */
function packed(): Plugin {
  return {
    name: 'dolmen-packed',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const [name, made] of Object.entries(bundle)) {
          if (!/\.(js|css)$/.test(name)) continue;
          const source = gzipSync(made.type === 'chunk' ? made.code : made.source, { level: 9 });
          this.emitFile({ type: 'asset', fileName: `${name}.gz`, source });
        }
      },
    },
  };
}

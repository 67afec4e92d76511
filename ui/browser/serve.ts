import { preview } from 'vite';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    base: string;
  }
}

/** Serves the built page with invented data on a free port. */
export default async function serve(project: TestProject): Promise<() => Promise<void>> {
  const server = await preview({ logLevel: 'warn', preview: { host: '127.0.0.1', port: 0, strictPort: false } });
  const base = server.resolvedUrls?.local[0];
  if (base === undefined) throw new Error('the preview has no address');
  project.provide('base', base.replace(/\/$/, ''));
  return () => server.close();
}

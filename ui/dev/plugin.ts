import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Connect, Plugin } from 'vite';

import { Bank, type Answer } from './answers.ts';

/** Answers the API with an invented bank while nobody runs the real server. Never part of the page. */
export function fixture(): Plugin {
  const bank = new Bank();
  const use = (middlewares: Connect.Server) => {
    middlewares.use('/api/v1', (request, response) => void serve(bank, request, response));
  };
  return {
    name: 'dolmen-fixture',
    configureServer: (server) => use(server.middlewares),
    configurePreviewServer: (server) => use(server.middlewares),
  };
}

async function serve(bank: Bank, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/events') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(': open\n\n');
    return;
  }
  const answer = await answers(bank, request, url);
  const text = typeof answer.body === 'string';
  const type = text ? 'text/plain; charset=utf-8' : answer.status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(answer.status, { 'Content-Type': type });
  const body = text ? String(answer.body) : JSON.stringify(answer.body);
  response.end(url.searchParams.get('masked') === 'false' ? body : body.replaceAll(/[\w.]+@[\w.]+\.\w+/g, '‹e-mail›'));
}

async function answers(bank: Bank, request: IncomingMessage, url: URL): Promise<Answer> {
  switch (request.method) {
    case 'POST':
      return bank.post(url.pathname, await body(request));
    case 'DELETE':
      return bank.delete(url.pathname);
    default:
      return bank.get(url.pathname, url.searchParams);
  }
}

async function body(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const part of request) text += String(part);
  return text === '' ? {} : JSON.parse(text);
}

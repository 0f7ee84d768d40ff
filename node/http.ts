// The node's own HTTP surface: health, metrics, and its logs as C2SP tiles. Everything on it may be public.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { XinlianError } from './core/errors.ts';
import type { LogFile } from './exchange/log-files.ts';

export interface HttpSurface {
  /** What keeps the node from being ready, in words; empty when it is. */
  unready(): string;
  info(): object;
  metrics(): Promise<string>;
  /** @throws NOT_FOUND, MALFORMED */
  logFile(log: string, path: string): Promise<LogFile>;
}

export interface HttpServer {
  /** http://host:port */
  address(): string;
  stop(): Promise<void>;
}

interface Answer {
  status: number;
  type: string;
  body: string | Uint8Array;
  cache?: string;
}

/** @param port 0: a free one */
export async function startHttp(
  { host, port }: { host: string; port: number },
  surface: HttpSurface,
): Promise<HttpServer> {
  const server = createServer((request, response) => {
    void respond(surface, request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, () => resolve());
  });
  return {
    address: () => `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    stop: () => close(server),
  };
}

async function respond(surface: HttpSurface, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, type, body, cache } = await answer(surface, request).catch(problem);
  response.writeHead(status, {
    'content-type': type,
    'cache-control': cache ?? 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answer(surface: HttpSurface, { method, url }: IncomingMessage): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD')
    return json(405, { status: 405, title: 'Only GET is served here' }, 'application/problem+json');
  const { pathname } = new URL(url ?? '/', 'http://node');
  switch (pathname) {
    case '/healthz/live':
      return json(200, { ok: true });
    case '/healthz/ready': {
      const waits = surface.unready();
      return json(waits === '' ? 200 : 503, { ok: waits === '', waits });
    }
    case '/info':
      return json(200, surface.info());
    case '/metrics':
      return { status: 200, type: 'text/plain; version=0.0.4', body: await surface.metrics() };
  }
  const match = /^\/logs\/(0x[0-9a-f]{64})\/(.+)$/.exec(pathname);
  if (!match) throw new XinlianError('NOT_FOUND', { what: 'path', id: pathname });
  const file = await surface.logFile(match[1] ?? '', match[2] ?? '');
  return {
    status: 200,
    type: file.text ? 'text/plain; charset=utf-8' : 'application/octet-stream',
    body: file.bytes,
    cache: file.immutable ? 'public, max-age=31536000, immutable' : 'public, max-age=1',
  };
}

function problem(error: unknown): Answer {
  const status = XinlianError.is(error, 'NOT_FOUND') ? 404 : XinlianError.is(error, 'MALFORMED') ? 400 : 500;
  const body = XinlianError.is(error) && status < 500 ? { status, code: error.code, ...error.details } : { status };
  return json(status, body, 'application/problem+json');
}

function json(status: number, body: object, type = 'application/json'): Answer {
  return { status, type, body: `${JSON.stringify(body)}\n` };
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), 2_000);
  await closed;
  clearTimeout(cut);
}

// The node's own HTTP surface: health, metrics, and its logs as C2SP tiles. Everything on it may be public.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { XinlianError } from './core/errors.ts';
import type { LogFile } from './exchange/log-files.ts';

export interface HttpSurface {
  /** What keeps the node from being ready, in words; empty when it is. */
  unready(): string;
  /** What is wrong, and keeps the node from nothing that it is asked for; empty when nothing is. */
  warning(): string;
  info(): object;
  metrics(): Promise<string>;
  /** @throws NOT_FOUND, MALFORMED */
  logFile(log: string, path: string): Promise<LogFile>;
  /** Told what its client is not: the cause of a 500. */
  failed(error: unknown): void;
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
  headers?: Record<string, string>;
}

const PROBLEM = 'application/problem+json';

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
  const { status, type, body, headers } = await answer(surface, request).catch((error: unknown) =>
    problem(surface, error),
  );
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answer(surface: HttpSurface, { method, url = '/' }: IncomingMessage): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') {
    const refusal = json(405, { status: 405, title: 'Only GET is served here' }, PROBLEM);
    return { ...refusal, headers: { allow: 'GET, HEAD' } };
  }
  const pathname: string = URL.parse(url, 'http://node')?.pathname ?? '';
  switch (pathname) {
    case '/healthz/live':
      return json(200, { ok: true });
    case '/healthz/ready': {
      const waits = surface.unready();
      const warning = surface.warning();
      return json(waits === '' ? 200 : 503, { ok: waits === '', waits, ...(warning !== '' && { warning }) });
    }
    case '/info':
      return json(200, surface.info());
    case '/metrics':
      return { status: 200, type: 'text/plain; version=0.0.4', body: await surface.metrics() };
  }
  const match = /^\/logs\/(0x[0-9a-f]{64})\/(.+)$/.exec(pathname);
  if (!match) throw new XinlianError('NOT_FOUND', { what: 'path', id: url });
  const file = await surface.logFile(match[1] ?? '', match[2] ?? '');
  return {
    status: 200,
    type: file.text ? 'text/plain; charset=utf-8' : 'application/octet-stream',
    body: file.bytes,
    headers: { 'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'public, max-age=1' },
  };
}

function problem(surface: HttpSurface, error: unknown): Answer {
  const status = XinlianError.is(error, 'NOT_FOUND') ? 404 : XinlianError.is(error, 'MALFORMED') ? 400 : 500;
  if (XinlianError.is(error) && status < 500)
    return json(status, { status, code: error.code, ...error.details }, PROBLEM);
  surface.failed(error);
  return json(status, { status }, PROBLEM);
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

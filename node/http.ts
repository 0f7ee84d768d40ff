// The node's own HTTP surface: health, metrics, its logs as C2SP tiles, and its members as witnesses of others' logs.
// Everything on it may be public.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { XinlianError } from './core/errors.ts';
import type { LogFile } from './exchange/log-files.ts';
import type { WitnessSurface } from './witnesses.ts';

export interface HttpSurface {
  /** What keeps the node from being ready, in words; empty when it is. */
  unready(): string;
  /** What is wrong, and keeps the node from nothing that it is asked for; empty when nothing is. */
  warning(): string;
  info(): object;
  metrics(): Promise<string>;
  /** @throws NOT_FOUND, MALFORMED */
  logFile(log: string, path: string): Promise<LogFile>;
  witness: WitnessSurface;
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

/** A checkpoint with signatures of a hundred others, and its proof. */
const MOST_BODY_BYTES = 64 * 1024;

const MEMBER_PATH = /^\/logs\/witness\/(0x[0-9a-f]{64})\/(.+)$/;

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

async function answer(surface: HttpSurface, request: IncomingMessage): Promise<Answer> {
  const { method, url = '/' } = request;
  const pathname: string = URL.parse(url, 'http://node')?.pathname ?? '';
  const [, witness = '', act = ''] = MEMBER_PATH.exec(pathname) ?? [];
  const allowed = act === 'add-checkpoint' ? ['POST'] : ['GET', 'HEAD'];
  if (!allowed.includes(method ?? '')) {
    const refusal = json(405, { status: 405, title: `Only ${allowed.join(', ')} is served here` }, PROBLEM);
    return { ...refusal, headers: { allow: allowed.join(', ') } };
  }
  if (act !== '') return witnessAnswer(surface, witness, act, request);
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

/** C2SP tlog-witness under `/logs/witness/<member>`, and beside it what the member saw: `<log>/checkpoint`, `<log>/conflicts`. */
async function witnessAnswer(
  { witness }: HttpSurface,
  member: string,
  act: string,
  request: IncomingMessage,
): Promise<Answer> {
  if (act === 'add-checkpoint') {
    const body = await readBody(request);
    if (!body)
      return { ...json(413, { status: 413, limit: MOST_BODY_BYTES }, PROBLEM), headers: { connection: 'close' } };
    return witness.addCheckpoint(member, body);
  }
  const [, log = '', what] = /^(0x[0-9a-f]{64})\/(checkpoint|conflicts)$/.exec(act) ?? [];
  if (what === 'checkpoint') {
    return { status: 200, type: 'text/plain; charset=utf-8', body: witness.checkpoint(member, log) };
  }
  if (what === 'conflicts') return json(200, { conflicts: await witness.conflicts(member, log) });
  throw new XinlianError('NOT_FOUND', { what: 'path', id: request.url ?? '' });
}

/** Undefined where it is too long; the rest is not read then. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MOST_BODY_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function problem(surface: HttpSurface, error: unknown): Answer {
  const missing = XinlianError.is(error, 'NOT_FOUND') || XinlianError.is(error, 'MEMBER_UNKNOWN');
  const status = missing ? 404 : XinlianError.is(error, 'MALFORMED') ? 400 : 500;
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

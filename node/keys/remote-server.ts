// A signer that serves the keys of any provider over HTTP; the API is in remote-api.ts.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { fromBase64Url, fromUtf8, toBase64Url } from '../core/bytes.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import { publicKeysOf } from './local-keys.ts';
import type { KeyProvider } from './provider.ts';
import { MAX_BODY, operationOf } from './remote-api.ts';
import type { Secret } from './secret.ts';

const REQUEST_TIMEOUT_MS = 10_000;
const ROUTE = /^\/v1\/members\/(?<member>[^/]+)(?:\/keys\/(?<operation>[^/]+\/[^/]+))?$/;
const BEARER = /^Bearer (?<token>.+)$/i;

const STATUS: Partial<Record<ErrorCode, number>> = {
  MALFORMED: 400,
  UNAUTHENTICATED: 401,
  NOT_FOUND: 404,
  TOO_LARGE: 413,
  KEY_UNAVAILABLE: 503,
};

export interface RemoteServerOptions {
  /** What a client must bring. */
  token: Secret;
}

export interface RemoteServerDependencies {
  provider: KeyProvider;
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
}

/** Not listening yet. It speaks plain HTTP: keep it on loopback, or behind a proxy that ends TLS. */
export function createRemoteServer(options: RemoteServerOptions, dependencies: RemoteServerDependencies): Server {
  const { provider, log } = dependencies;
  const answer = async (request: IncomingMessage): Promise<{ status: number; body: object }> => {
    try {
      authenticate(request, options.token);
      return { status: 200, body: await serve(request, provider) };
    } catch (error) {
      const refusal = refusalOf(error, request, log);
      return { status: STATUS[refusal.code] ?? 500, body: { error: { code: refusal.code, details: refusal.details } } };
    }
  };
  const server = createServer((request, response) => {
    void answer(request).then(({ status, body }) => {
      // What is left of a body that was refused unread would pass for the next request.
      if (!request.complete) response.setHeader('connection', 'close');
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(JSON.stringify(body));
    });
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  return server;
}

function authenticate({ headers }: IncomingMessage, token: Secret): void {
  const given = BEARER.exec(headers.authorization ?? '')?.groups?.token;
  if (given === undefined) throw new XinlianError('UNAUTHENTICATED', { reason: 'no bearer token' });
  if (!token.matches(given)) throw new XinlianError('UNAUTHENTICATED', { reason: 'another bearer token' });
}

async function serve(request: IncomingMessage, provider: KeyProvider): Promise<object> {
  const { method = '', url = '' } = request;
  const { member, operation: name } = ROUTE.exec(url)?.groups ?? {};
  if (member !== undefined && name === undefined && method === 'GET') {
    const publicKeys = publicKeysOf(await provider.open(member));
    const texts = Object.entries(publicKeys).map(([key, value]: [string, Uint8Array | string]) => [
      key,
      typeof value === 'string' ? value : toBase64Url(value),
    ]);
    return Object.fromEntries(texts) as object;
  }
  const operation = name === undefined ? undefined : operationOf(name);
  if (member === undefined || operation === undefined || method !== 'POST') {
    throw new XinlianError('NOT_FOUND', { what: 'route', id: `${method} ${url}` });
  }
  const input = parseInput(await readBody(request));
  const output = await operation.run(await provider.open(member), input);
  return { output: toBase64Url(output) };
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY) throw new XinlianError('TOO_LARGE', { what: 'body', limit: MAX_BODY, got: length });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseInput(body: Uint8Array): Uint8Array {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(body));
  } catch {
    malformed('body', 'JSON', `${body.length} bytes that are not`);
  }
  const input = typeof value === 'object' && value !== null && 'input' in value ? value.input : undefined;
  if (typeof input !== 'string') malformed('input', 'base64url', typeof input);
  return fromBase64Url(input);
}

/** Where the keys rest is nobody's business; why they cannot be had is the operator's. */
function refusalOf(error: unknown, { url = '' }: IncomingMessage, log: RemoteServerDependencies['log']): XinlianError {
  if (XinlianError.is(error, 'KEY_UNAVAILABLE')) {
    log.warn({ url, ...error.details }, 'key unavailable');
    return new XinlianError('KEY_UNAVAILABLE', { key: url, reason: error.details.reason });
  }
  if (XinlianError.is(error, 'CLOSED')) {
    return new XinlianError('KEY_UNAVAILABLE', { key: url, reason: 'the signer is closing' });
  }
  if (XinlianError.is(error) && STATUS[error.code] !== undefined) {
    log.warn({ url, code: error.code }, 'request refused');
    return error;
  }
  const reference = randomUUID();
  log.error({ url, reference, err: error }, 'request failed');
  return new XinlianError('INTERNAL', { reference });
}

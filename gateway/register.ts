// Puts an endpoint and its handler on the wire.
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { XinlianError } from '../node/core/errors.ts';
import type { Caller } from './auth/access-token.ts';
import { api, type OperationId } from './api/api.ts';
import type { Endpoint, RateClass, ResponseBody } from './api/endpoint.ts';
import { IDEMPOTENCY_KEY_PATTERN, parseIdempotencyKey } from './api/idempotency.ts';
import type { ProblemLine } from './api/records.ts';
import type { Scope } from './api/scopes.ts';
import { sendFile, type FileAnswer } from './file-answer.ts';
import type { IdempotencyStore } from './idempotency-store.ts';
import { once, type Answered } from './once.ts';
import type { Rate } from './options.ts';
import { requireScope } from './plugins/access.ts';
import { deprecationHeaders } from './plugins/deprecation.ts';
import { rateConfig } from './plugins/limits.ts';
import { checkMediaType, MEDIA_TYPES } from './plugins/media-types.ts';
import { fastifyPath, restParameter } from './plugins/paths.ts';
import { discardBody } from './plugins/unread-body.ts';
import { negotiateLanguage } from './problems/language.ts';
import { toProblem } from './problems/problem.ts';
import type { Handlers, ServerSent } from './routes/handler.ts';
import { sendEvents } from './server-sent.ts';
import { validator, type Validate } from './validation.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: OperationId;
    scope?: Scope;
    /** Answered whatever the load. */
    operational?: boolean;
    windowSeconds?: number;
    rateClass?: RateClass;
  }
}

/** A call whose types the definition vouches for. */
interface UntypedCall {
  params: unknown;
  query: unknown;
  headers: unknown;
  body: unknown;
  caller: Caller | undefined;
  idempotencyKey: string | undefined;
  signal: AbortSignal;
  header: (name: string, value: string) => void;
}
type UntypedHandler = (call: UntypedCall) => unknown;

const BYTES_IN_FLIGHT = 1024 * 1024;

/** What the endpoints of one gateway share. */
export interface Shared {
  rates: Record<RateClass, Rate>;
  keys: IdempotencyStore;
}

export function registerEndpoints(app: FastifyInstance, handlers: Handlers, shared: Shared): void {
  for (const [operation, endpoint] of Object.entries<Endpoint>(api)) {
    const id = operation as OperationId;
    registerEndpoint(app, id, endpoint, handlers[id] as UntypedHandler, shared);
  }
}

/** One endpoint; `handle` is called with what its definition says, and MUST answer so. */
export function registerEndpoint(
  app: FastifyInstance,
  operation: OperationId,
  endpoint: Endpoint,
  handle: UntypedHandler,
  { rates, keys }: Shared,
): void {
  const { method, path, scope, rate, request: body, response, deprecated } = endpoint;
  const validate = validatorOf(endpoint);
  const farewell = deprecated && deprecationHeaders(deprecated);
  app.route({
    method,
    url: fastifyPath(path),
    ...(body && body.kind !== 'lines' && { bodyLimit: body.maxBytes }),
    config: {
      operation,
      ...(scope && { scope }),
      ...(rate ? rateConfig(rate, rates[rate]) : { operational: true }),
    },
    ...(farewell && {
      onRequest: (_request: FastifyRequest, reply: FastifyReply, done: () => void) => {
        reply.headers(farewell);
        done();
      },
    }),
    // After the rate is counted, before the body is read.
    preParsing: (request, _reply, payload, done) => {
      try {
        if (scope) requireScope(request, scope);
        if (body) checkMediaType(request, body);
        done(null, payload);
      } catch (error) {
        done(error as Error);
      }
    },
    handler: async (request, reply) => {
      const parts = validate(request);
      const key = method === 'POST' ? keyOf(request) : undefined;
      const headers: Record<string, string> = {};
      let signal: AbortSignal | undefined;
      const call: UntypedCall = {
        ...parts,
        caller: request.caller ?? undefined,
        idempotencyKey: key,
        // Made where it is asked for: what answers from memory does without.
        get signal() {
          return (signal ??= gone(reply));
        },
        header: (name, value) => void (headers[name] = value),
      };
      if (response.kind === 'lines') {
        const lines = (await handle(call)) as AsyncGenerator<object, void, void>;
        return sendLines(lines, request, reply.headers(headers));
      }
      if (response.kind === 'file') {
        const file = (await handle(call)) as FileAnswer;
        return sendFile(file, response.mediaTypes[0] ?? MEDIA_TYPES.bytes, request, reply.headers(headers));
      }
      if (response.kind === 'events') {
        const events = (await handle(call)) as AsyncGenerator<ServerSent<unknown>, void, void>;
        return sendEvents(events, request, reply.headers(headers));
      }
      const work = async (): Promise<Answered> => ({ ...encode(response, await handle(call)), headers });
      // What streams has no whole that could be compared: its handler has a use of its own for the key.
      if (key === undefined || body?.kind === 'lines') return send(await work(), reply);
      const { answered, replayed } = await once(keys, request, { operation, endpoint, key, parts }, work);
      if (replayed) reply.header('idempotent-replayed', 'true');
      return send(answered, reply);
    },
  });
}

function encode(
  response: Exclude<ResponseBody, { kind: 'lines' | 'file' | 'events' }>,
  answer: unknown,
): Omit<Answered, 'headers'> {
  switch (response.kind) {
    case 'json':
      return { mediaType: response.mediaType ?? MEDIA_TYPES.json, body: JSON.stringify(answer) };
    case 'bytes':
      return { mediaType: response.mediaTypes[0] ?? MEDIA_TYPES.bytes, body: answer as Uint8Array };
    case 'text':
      return { mediaType: response.mediaType, body: answer as string };
  }
}

function send({ body, mediaType, headers }: Answered, reply: FastifyReply): FastifyReply {
  reply.headers(headers).type(mediaType);
  // Text goes out in one piece with its headers. Without a serializer Fastify would add a charset, which JSON does not have.
  return typeof body === 'string' ? reply.serializer(asItIs).send(body) : reply.send(bufferOf(body));
}

function asItIs(text: string): string {
  return text;
}

const KEY = new RegExp(IDEMPOTENCY_KEY_PATTERN);

/** Throws `REQUEST_INVALID`. */
function keyOf({ headers }: FastifyRequest): string | undefined {
  const text = headers['idempotency-key'];
  if (text === undefined) return undefined;
  if (typeof text === 'string' && KEY.test(text)) return parseIdempotencyKey(text);
  const wanted = '1 to 128 printable characters, in quotes or without';
  throw new XinlianError('REQUEST_INVALID', {
    faults: [{ path: 'header/idempotency-key', wanted, got: JSON.stringify(text).slice(0, 120) }],
  });
}

type Parts = Pick<UntypedCall, 'params' | 'query' | 'headers' | 'body'>;

/** Throws `REQUEST_INVALID` with every fault of every part. */
function validatorOf({ path, params, query, headers, request: body }: Endpoint): (request: FastifyRequest) => Parts {
  const rest = restParameter(path);
  const checks: [part: keyof Parts, validate: Validate][] = [];
  if (params) checks.push(['params', validator('path', params)]);
  if (query) checks.push(['query', validator('query', query)]);
  if (headers) checks.push(['headers', validator('header', headers)]);
  if (body && 'schema' in body) checks.push(['body', validator('body', body.schema)]);
  return (request) => {
    const parts: Parts = {
      params: rest === undefined ? request.params : renamed(request.params as Record<string, string>, rest),
      query: request.query,
      headers: request.headers,
      body: request.body,
    };
    const faults = checks.flatMap(([part, validate]) => {
      const outcome = validate(parts[part]);
      if ('faults' in outcome) return outcome.faults;
      parts[part] = outcome.value;
      return [];
    });
    if (faults.length > 0) throw new XinlianError('REQUEST_INVALID', { faults });
    return parts;
  };
}

function renamed({ '*': value = '', ...others }: Record<string, string>, name: string): Record<string, string> {
  return { ...others, [name]: value };
}

/** Aborted when the connection is lost before the answer is out. */
function gone({ raw }: FastifyReply): AbortSignal {
  const abort = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) abort.abort(new XinlianError('CANCELLED', { what: 'request' }));
  });
  return abort.signal;
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** What fails before the first line has a status of its own; what fails later is the last line. */
async function sendLines(
  lines: AsyncGenerator<object, void, void>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const first = await lines.next();
  const stream = Readable.from(encodeLines(first, lines, request, reply), {
    objectMode: false,
    highWaterMark: BYTES_IN_FLIGHT,
  });
  // A stream that is dropped before it was read does not end its source by itself.
  stream.once('close', () => void lines.return());
  return reply.type(MEDIA_TYPES.lines).send(stream);
}

async function* encodeLines(
  first: IteratorResult<object, void>,
  lines: AsyncGenerator<object, void, void>,
  request: FastifyRequest,
  reply: FastifyReply,
): AsyncGenerator<Buffer, void, void> {
  try {
    for (let line = first; line.done !== true; line = await lines.next()) yield lineOf(line.value);
  } catch (error) {
    request.log.warn({ err: error }, 'stream broke');
    discardBody(request, reply);
    const language = negotiateLanguage(request.headers['accept-language']);
    const { type: problem, ...details } = toProblem(error, { language, requestId: request.id });
    yield lineOf({ type: 'problem', problem, ...details } satisfies ProblemLine);
  }
}

function lineOf(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

// The typed client of a gateway, from the definitions of its API. Runs in Node and in a browser.
import { api, type Api, type OperationId } from './api/api.ts';
import type { Answer, Body, Endpoint, Headers, Params, Query } from './api/endpoint.ts';
import { ApiError } from './client/api-error.ts';
import { overNetwork } from './client/connection-error.ts';
import { readLines } from './client/lines.ts';
import { readServerSent } from './client/server-sent.ts';
import type { Rows } from './client/rows.ts';
import { TokenSource, type Credentials } from './client/token-source.ts';
import type { SubmissionLine } from './publish/submit.ts';

export interface ClientOptions {
  /** For example `https://gateway.example`. */
  baseUrl: string;
  /** Without them only what is open to everyone can be called. */
  credentials?: Credentials;
  /** What the gateway calls itself, where that is not `baseUrl`. */
  audience?: string;
  /** Of titles and details of errors. Default: English */
  language?: 'en' | 'zh';
  fetch?: typeof fetch;
}

/** A part of the input: left out where there is none, optional where all of it is. */
type Part<K extends string, T> = [T] extends [undefined]
  ? object
  : object extends T
    ? { readonly [P in K]?: T }
    : { readonly [P in K]: T };

type Sent<E extends Endpoint> = E['request'] extends { readonly kind: 'lines' }
  ? Rows
  : E['request'] extends { readonly kind: 'bytes' }
    ? Uint8Array
    : Body<E>;

/** What an operation is called with. */
export type Input<E extends Endpoint> = Part<'params', Params<E>> &
  Part<'query', Query<E>> &
  Part<'headers', Headers<E>> &
  Part<'body', Sent<E>> &
  (E['method'] extends 'POST' ? { readonly idempotencyKey?: string } : object) & { readonly signal?: AbortSignal };

/** What it answers with. */
export type Output<E extends Endpoint> = E['response'] extends { readonly kind: 'lines' | 'events' }
  ? AsyncGenerator<Answer<E>, void, void>
  : E['response'] extends { readonly kind: 'bytes' }
    ? Uint8Array
    : E['response'] extends { readonly kind: 'file' }
      ? ReadableStream<Uint8Array>
      : E['response'] extends { readonly kind: 'text' }
        ? string
        : Answer<E>;

/** Throws `ApiError` for what the gateway refused, `ConnectionError` where it is not reached. */
type Operation<E extends Endpoint> =
  object extends Input<E> ? (input?: Input<E>) => Promise<Output<E>> : (input: Input<E>) => Promise<Output<E>>;

export interface PublishOptions {
  item: string;
  dryRun?: boolean;
  outcomes?: 'faults' | 'all';
  /** Of this file: sent again under the same key, it goes on where it stopped. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export type Client = { readonly [K in OperationId]: Operation<Api[K]> } & {
  /**
   * Publishes rows, and yields the answer's lines while they come. A browser sends a stream over HTTP/2 only.
   * @throws ApiError, ConnectionError also where the stream breaks in the middle: what was answered by then is durable
   */
  publish(rows: Rows, options: PublishOptions): AsyncGenerator<SubmissionLine, void, void>;
};

interface UntypedInput {
  params?: Record<string, string | number>;
  query?: Record<string, string | number | boolean | undefined>;
  headers?: Record<string, string | undefined>;
  body?: unknown;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export function createClient(options: ClientOptions): Client {
  const caller = new Caller(options);
  const operations = Object.fromEntries(
    Object.entries<Endpoint>(api).map(([id, endpoint]) => [
      id,
      (input: UntypedInput = {}): Promise<unknown> => caller.call(endpoint, input),
    ]),
  ) as unknown as { readonly [K in OperationId]: Operation<Api[K]> };
  return { ...operations, publish: (rows, given) => publish(operations.publishRecords, rows, given) };
}

async function* publish(
  publishRecords: Operation<Api['publishRecords']>,
  rows: Rows,
  { idempotencyKey, signal, ...query }: PublishOptions,
): AsyncGenerator<SubmissionLine, void, void> {
  const lines = await publishRecords({
    query,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    body: rows,
    ...(signal && { signal }),
  });
  for await (const line of lines) {
    if (line.type !== 'problem') {
      yield line;
      continue;
    }
    const { problem: type, ...problem } = line;
    throw ApiError.ofProblem({ ...problem, type });
  }
}

class Caller {
  readonly #baseUrl: string;
  readonly #language: string;
  readonly #fetch: typeof fetch;
  readonly #tokens: TokenSource | undefined;

  constructor({ baseUrl, credentials, audience, language = 'en', fetch: given }: ClientOptions) {
    this.#baseUrl = baseUrl.replace(/\/+$/, '');
    this.#language = language;
    const plain = given ?? globalThis.fetch.bind(globalThis);
    this.#fetch = (url, init) => overNetwork(() => plain(url, init));
    const source = { baseUrl: this.#baseUrl, audience: audience ?? this.#baseUrl, fetch: this.#fetch };
    this.#tokens = credentials && new TokenSource({ ...source, credentials });
  }

  async call(endpoint: Endpoint, input: UntypedInput): Promise<unknown> {
    const response = await this.#send(endpoint, input);
    return overNetwork(async () => {
      if (!response.ok) throw await ApiError.ofResponse(response);
      switch (endpoint.response.kind) {
        case 'json':
          return response.json();
        case 'text':
          return response.text();
        case 'bytes':
          return new Uint8Array(await response.arrayBuffer());
        case 'file':
          return response.body ?? new ReadableStream();
        case 'lines':
          return readLines(response.body ?? new ReadableStream());
        case 'events':
          return readServerSent(response.body ?? new ReadableStream());
      }
    });
  }

  async #send(endpoint: Endpoint, input: UntypedInput): Promise<Response> {
    const url = `${this.#baseUrl}${fill(endpoint.path, input.params ?? {})}${queryOf(input.query ?? {})}`;
    const send = async (): Promise<Response> =>
      this.#fetch(url, {
        method: endpoint.method,
        headers: await this.#headers(endpoint, input),
        ...(endpoint.request && bodyOf(endpoint.request.kind, input.body)),
        ...(input.signal && { signal: input.signal }),
      });
    const response = await send();
    // A gateway that was restarted, or a rotated key, ends a token before its time. Rows are gone once they were sent.
    if (response.status !== 401 || !endpoint.scope || !this.#tokens || endpoint.request?.kind === 'lines')
      return response;
    await response.body?.cancel();
    this.#tokens.forget();
    return send();
  }

  async #headers(endpoint: Endpoint, { headers = {}, idempotencyKey }: UntypedInput): Promise<Record<string, string>> {
    const all: Record<string, string> = { 'accept-language': this.#language };
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) all[name] = value;
    if (idempotencyKey !== undefined) all['idempotency-key'] = idempotencyKey;
    if (endpoint.request) all['content-type'] = CONTENT_TYPES[endpoint.request.kind];
    if (endpoint.scope && this.#tokens) all['authorization'] = `Bearer ${await this.#tokens.token()}`;
    return all;
  }
}

function fill(path: string, params: Record<string, string | number>): string {
  return path.replaceAll(/\{(\w+)(\+?)\}/g, (_, name: string, rest: string) => {
    const value = String(params[name]);
    return rest === '+' ? value.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(value);
  });
}

function queryOf(query: Record<string, string | number | boolean | undefined>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
}

type Kind = NonNullable<Endpoint['request']>['kind'];

const CONTENT_TYPES: Record<Kind, string> = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  bytes: 'application/octet-stream',
  lines: 'application/x-ndjson',
};

/** `duplex` is wanted with a stream, and unknown to the types of the DOM. */
function bodyOf(kind: Kind, body: unknown): { body: BodyInit; duplex?: 'half' } {
  switch (kind) {
    case 'json':
      return { body: JSON.stringify(body) };
    case 'form':
      return { body: new URLSearchParams(body as Record<string, string>).toString() };
    case 'bytes':
      return { body: body as Uint8Array<ArrayBuffer> };
    case 'lines':
      return isIterable(body) ? { body: streamOf(body), duplex: 'half' } : { body: body as BodyInit, duplex: 'half' };
  }
}

function isIterable(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body && !(body instanceof ReadableStream);
}

function streamOf(bytes: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      await iterator.return?.(reason);
    },
  });
}

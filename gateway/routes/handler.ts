// The type of a handler, from the definition of its endpoint.
import type { Readable } from 'node:stream';
import type { Answer, Body, Endpoint, Headers, Params, Query } from '../api/endpoint.ts';
import type { FileAnswer } from '../file-answer.ts';
import type { Api } from '../api/api.ts';
import type { Caller } from '../auth/access-token.ts';

/** One request, validated. */
export interface Call<E extends Endpoint> {
  params: Params<E>;
  query: Query<E>;
  headers: Headers<E>;
  body: RequestOf<E>;
  /** Who calls; defined where the endpoint has a scope, which the caller then holds. */
  caller: E extends { readonly scope: string } ? Caller : undefined;
  /** Of a POST: from its header Idempotency-Key. */
  idempotencyKey: string | undefined;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
  /** Sets a header of the answer. */
  header: (name: string, value: string) => void;
}

type RequestOf<E extends Endpoint> = E['request'] extends { readonly kind: 'lines' }
  ? Readable
  : E['request'] extends { readonly kind: 'bytes' }
    ? Uint8Array
    : Body<E>;

/** One of a stream of server-sent events, or a sign of life. */
export type ServerSent<T> = { id: string; event: string; data: T } | 'heartbeat';

type ResponseOf<E extends Endpoint> = E['response'] extends { readonly kind: 'lines' }
  ? AsyncGenerator<Answer<E>, void, void>
  : E['response'] extends { readonly kind: 'events' }
    ? AsyncGenerator<ServerSent<Answer<E>>, void, void>
    : E['response'] extends { readonly kind: 'bytes' }
      ? Uint8Array
      : E['response'] extends { readonly kind: 'file' }
        ? FileAnswer
        : E['response'] extends { readonly kind: 'text' }
          ? string
          : Answer<E>;

/** Answers a call. What it throws becomes a problem. */
export type Handler<E extends Endpoint> = (call: Call<E>) => Promise<ResponseOf<E>> | ResponseOf<E>;

/** One per endpoint: a definition without a handler does not compile. */
export type Handlers = { readonly [K in keyof Api]: Handler<Api[K]> };

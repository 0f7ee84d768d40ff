// How an endpoint is described. Handlers' types, the client's types and the OpenAPI document come from this alone.
import type { Static, TObject, TSchema } from 'typebox';
import type { ErrorCode } from '../../node/core/errors.ts';
import type { Idempotency } from './idempotency.ts';
import type { Scope } from './scopes.ts';

/** Endpoints of a class share their rate; `/v1/limits` publishes it. */
export const RATE_CLASSES = ['token', 'normal', 'bulk'] as const;
export type RateClass = (typeof RATE_CLASSES)[number];

export type RequestBody =
  | { readonly kind: 'json'; readonly schema: TSchema; readonly maxBytes: number }
  | { readonly kind: 'form'; readonly schema: TObject; readonly maxBytes: number }
  | { readonly kind: 'bytes'; readonly maxBytes: number }
  /** A stream of lines (application/x-ndjson) of any length, each at most `maxLineBytes`, its line feed included. */
  | { readonly kind: 'lines'; readonly maxLineBytes: number; readonly alsoTypes?: readonly string[] };

export type ResponseBody =
  | { readonly kind: 'json'; readonly schema: TSchema; readonly mediaType?: string }
  | { readonly kind: 'bytes'; readonly mediaTypes: readonly string[] }
  /** Bytes of any length, of which a part may be asked for. */
  | { readonly kind: 'file'; readonly mediaTypes: readonly string[] }
  | { readonly kind: 'text'; readonly mediaType: string }
  /** A stream of JSON lines (application/x-ndjson). A fault in mid-stream is a last line of type `problem`. */
  | { readonly kind: 'lines'; readonly schema: TSchema }
  /** Server-sent events without an end, each with a JSON value. */
  | { readonly kind: 'events'; readonly schema: TSchema };

/** An endpoint that still answers, and that nobody should begin to use. */
export interface Deprecation {
  /** Since when, and until when it will answer: `2027-01-31`. */
  readonly since: string;
  readonly sunset?: string;
  /** Where it is told what to use in its place. */
  readonly link?: string;
}

interface AnyEndpoint {
  /** In the form of OpenAPI: `/v1/records/{record}`. A last `{name+}` takes the rest of the path. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Scope that the caller's token needs; absent: open to everyone. */
  readonly scope?: Scope;
  /** Absent: not limited. */
  readonly rate?: RateClass;
  readonly params?: TObject;
  readonly query?: TObject;
  /** Names in lower case. */
  readonly headers?: TObject;
  readonly request?: RequestBody;
  readonly response: ResponseBody;
  /** Told with every answer. */
  readonly deprecated?: Deprecation;
  /** What it may fail with, besides what every endpoint may. */
  readonly problems: readonly ErrorCode[];
}

interface GetEndpoint extends AnyEndpoint {
  readonly method: 'GET' | 'DELETE';
  readonly idempotency?: undefined;
}

interface PostEndpoint extends AnyEndpoint {
  readonly method: 'POST';
  /** What it does when it comes again. Every POST takes an Idempotency-Key. */
  readonly idempotency: Idempotency;
}

export type Endpoint = GetEndpoint | PostEndpoint;

/** Keeps the literal types of a definition. */
export function define<const E extends Endpoint>(endpoint: E): E {
  return endpoint;
}

type StaticOf<E, K extends string> = E extends { readonly [P in K]: infer S extends TSchema } ? Static<S> : undefined;

export type Params<E extends Endpoint> = StaticOf<E, 'params'>;
export type Query<E extends Endpoint> = StaticOf<E, 'query'>;
export type Headers<E extends Endpoint> = StaticOf<E, 'headers'>;

/** The JSON value that an endpoint answers with, or one line of its stream. */
export type Answer<E extends Endpoint> = StaticOf<E['response'], 'schema'>;

/** The parsed body of a JSON or form request. */
export type Body<E extends Endpoint> = StaticOf<E['request'], 'schema'>;

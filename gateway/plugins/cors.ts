// Pages of other origins that may call: those that the settings name, and no others.
import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { api } from '../api/api.ts';
import type { Endpoint } from '../api/endpoint.ts';

/** How long a browser may remember an answer to a preflight. */
const PREFLIGHT_SECONDS = 600;

const endpoints = Object.values<Endpoint>(api);
const METHODS = [...new Set(['HEAD', ...endpoints.map(({ method }) => method)])];
const ASKED = [
  'authorization',
  'content-type',
  'x-request-id',
  'idempotency-key',
  ...new Set(endpoints.flatMap(({ headers }) => Object.keys(headers?.properties ?? {}))),
];
const RATE = ['ratelimit', 'ratelimit-policy', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'];
const TOLD = [
  'deprecation',
  'idempotent-replayed',
  'link',
  'location',
  'retry-after',
  'sunset',
  'x-request-id',
  ...RATE,
];

/**
 * The CORS protocol of the Fetch standard. Credentials stay forbidden: a caller is known by the token that its program
 * sends along, never by what a browser adds by itself.
 */
export async function registerCors(app: FastifyInstance, { corsOrigins }: { corsOrigins: readonly string[] }) {
  if (corsOrigins.length === 0) return;
  const known = new Set(corsOrigins);
  await app.register(cors, {
    delegator: (request, done) => {
      const allowed = known.has(request.headers.origin ?? '');
      done(null, {
        origin: allowed ? [...corsOrigins] : false,
        // Any other OPTIONS is answered as without CORS.
        preflight: isPreflight(request),
        methods: METHODS,
        allowedHeaders: ASKED,
        exposedHeaders: TOLD,
        maxAge: PREFLIGHT_SECONDS,
      });
    },
  });
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

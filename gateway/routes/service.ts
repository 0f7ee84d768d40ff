import { XinlianError } from '../../node/core/errors.ts';
import { api } from '../api/api.ts';
import type { Endpoint } from '../api/endpoint.ts';
import { CHUNK_BYTES, DEFAULT_PAGE, MAX_LINE_BYTES, MAX_PAGE } from '../api/limits.ts';
import type { Limits } from '../api/service.ts';
import { TOKEN_SECONDS } from '../auth/access-token.ts';
import type { Metrics } from '../metrics.ts';
import type { AppOptions } from '../options.ts';
import type { Chain, Clock } from '../ports.ts';
import { CATALOGUE, isErrorCode, problemType } from '../problems/catalogue.ts';
import { refusals } from '../problems/refusals.ts';
import type { Handlers } from './handler.ts';

type ServiceOptions = Pick<AppOptions, 'rates' | 'maxStreams' | 'staleAfterSeconds'>;

export function serviceRoutes(
  options: ServiceOptions,
  { chain, clock, metrics }: { chain: Chain; clock: Clock; metrics: Metrics },
) {
  const limits = limitsOf(options);
  const catalogue = catalogueView();
  const reasons = refusals();
  return {
    getLimits: () => limits,

    getErrors({ header }) {
      header('cache-control', 'public, max-age=3600');
      return catalogue;
    },

    getRefusals({ header }) {
      header('cache-control', 'public, max-age=3600');
      return reasons;
    },

    getLive: () => ({ status: 'ok' }),

    getReady() {
      const head = chain.head();
      if (!head) throw new XinlianError('CHAIN_UNREACHABLE', { endpoint: 'any', reason: 'no block was read yet' });
      const ageSeconds = clock.now() / 1000 - head.time;
      const limitSeconds = options.staleAfterSeconds;
      if (ageSeconds > limitSeconds) {
        throw new XinlianError('CHAIN_STALE', { head: head.number, ageSeconds, limitSeconds });
      }
      return { status: 'ok' };
    },

    getMetrics: () => metrics.registry.metrics(),
  } satisfies Partial<Handlers>;
}

function limitsOf({ rates, maxStreams }: ServiceOptions): Limits {
  const bodies: Record<string, number> = {};
  for (const { method, path, request } of Object.values<Endpoint>(api)) {
    if (request && request.kind !== 'lines') bodies[`${method} ${path}`] = request.maxBytes;
  }
  return {
    rates,
    bodies,
    publish: { chunkBytes: CHUNK_BYTES, maxLineBytes: MAX_LINE_BYTES, maxStreams },
    pages: { default: DEFAULT_PAGE, max: MAX_PAGE },
    tokenSeconds: TOKEN_SECONDS,
  };
}

function catalogueView() {
  return Object.keys(CATALOGUE)
    .filter(isErrorCode)
    .map((code) => {
      const { status, retryable, title, action } = CATALOGUE[code];
      return { code, type: problemType(code), status, retryable, title, action };
    });
}

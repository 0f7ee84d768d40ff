// Rates per caller, and load shedding.
import rateLimit from '@fastify/rate-limit';
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance, RouteShorthandOptions } from 'fastify';
import { XinlianError } from '../../node/core/errors.ts';
import type { RateClass } from '../api/endpoint.ts';
import type { Rate } from '../options.ts';
import type { AppOptions } from '../options.ts';

/** Callers whose rates are counted at the same time, per endpoint. */
const MAX_COUNTED = 10_000;

const RETRY_SECONDS = 5;

/** What the plugin sets. */
const OLDER = ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'];

export async function registerLimits(app: FastifyInstance, { pressure }: Pick<AppOptions, 'pressure'>): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    cache: MAX_COUNTED,
    enableDraftSpec: true,
    keyGenerator: ({ caller, ip }) => caller?.member ?? ip,
    errorResponseBuilder: ({ routeOptions }, { max, ttl }) => {
      const windowSeconds = routeOptions.config.windowSeconds ?? 0;
      const retryAfterSeconds = Math.max(1, Math.ceil(ttl / 1000));
      return new XinlianError('RATE_LIMITED', { limit: max, windowSeconds, retryAfterSeconds });
    },
  });
  // draft-ietf-httpapi-ratelimit-headers, beside the older names of the same.
  app.addHook('onSend', (request, reply, _payload, done) => {
    const [limit, left, reset] = OLDER.map((name) => reply.getHeader(name));
    const { rateClass, windowSeconds } = request.routeOptions.config;
    if (limit !== undefined && rateClass !== undefined) {
      reply.header('ratelimit-policy', `"${rateClass}";q=${String(limit)};w=${String(windowSeconds)}`);
      reply.header('ratelimit', `"${rateClass}";r=${String(left)};t=${String(reset)}`);
    }
    done();
  });
  await app.register(underPressure, {
    maxEventLoopDelay: pressure.maxEventLoopDelayMs,
    maxHeapUsedBytes: pressure.maxHeapUsedBytes,
    maxRssBytes: pressure.maxRssBytes,
    pressureHandler: ({ routeOptions }, _reply, what) => {
      // Whoever watches the gateway must see it most of all when it is busy.
      if (routeOptions.config.operational === true) return undefined;
      return Promise.reject(new XinlianError('OVERLOADED', { what, retryAfterSeconds: RETRY_SECONDS }));
    },
  });
}

/** Route settings that limit an endpoint. */
export function rateConfig(rateClass: RateClass, { requests, windowSeconds }: Rate): RouteShorthandOptions['config'] {
  return { rateLimit: { max: requests, timeWindow: windowSeconds * 1000 }, windowSeconds, rateClass };
}

// The HTTP side of a gateway: everything on the wire, over ports that know nothing of it.
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { AccessTokens } from './auth/access-token.ts';
import { IdempotencyStore } from './idempotency-store.ts';
import { CountedNodes, Metrics } from './metrics.ts';
import type { AppOptions } from './options.ts';
import { registerAccess } from './plugins/access.ts';
import { registerCors } from './plugins/cors.ts';
import { registerDocs } from './plugins/docs.ts';
import { registerDraining } from './plugins/draining.ts';
import { registerLimits } from './plugins/limits.ts';
import { registerMediaTypes } from './plugins/media-types.ts';
import { registerPages } from './plugins/pages.ts';
import { registerObservability, requestIdOf } from './plugins/observability.ts';
import { registerProblems, sendProblem } from './plugins/problems.ts';
import { registerSecurity } from './plugins/security.ts';
import { refuseConnection } from './plugins/bad-http.ts';
import type { GatewayPorts } from './ports.ts';
import { registerEndpoints } from './register.ts';
import { createHandlers } from './routes/routes.ts';

/** Quiet for this long, a connection is dropped; a stream of rows is quiet while its node is slow. */
const IDLE_MS = 120_000;

/** Longer than load balancers keep a connection, so that they and not we close it. */
const KEEP_ALIVE_MS = 75_000;

const HEADERS_MS = 30_000;
const SMALL_BODY = 64 * 1024;
const MAX_PARAM = 128;

/** An app that is ready to listen or to be injected; `close` lets requests under way end. */
export async function buildApp(ports: GatewayPorts, options: AppOptions): Promise<FastifyInstance> {
  const logger: FastifyBaseLogger = options.logger;
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: requestIdOf,
    requestIdHeader: false,
    trustProxy: options.trustProxy.length > 0 ? [...options.trustProxy] : false,
    bodyLimit: SMALL_BODY,
    routerOptions: { maxParamLength: MAX_PARAM },
    connectionTimeout: IDLE_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // A whole request may take hours: a file of rows is as long as it is. Idle sockets and slow headers are bounded.
    requestTimeout: 0,
    http: { headersTimeout: HEADERS_MS },
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
    clientErrorHandler: refuseConnection,
  });
  app.server.maxConnections = options.maxConnections;

  const metrics = new Metrics(ports.chain, ports.clock);
  const counted = { ...ports, nodes: new CountedNodes(ports.nodes, metrics) };
  const tokens = new AccessTokens({ issuer: options.baseUrl, key: options.tokenKey }, ports);

  registerObservability(app, metrics);
  registerDraining(app);
  registerProblems(app);
  registerMediaTypes(app);
  registerSecurity(app);
  await registerCors(app, options);
  registerAccess(app, tokens);
  await registerLimits(app, options);
  registerEndpoints(app, createHandlers(options, counted, { tokens, metrics }), {
    rates: options.rates,
    keys: new IdempotencyStore(ports.clock),
  });
  await registerDocs(app, options);
  registerPages(app, options);
  await app.ready();
  return app;
}

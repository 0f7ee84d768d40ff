// Request ids, one log line and one measurement a request.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../metrics.ts';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** The caller's own id where it has the form of one: so that both sides' logs can be joined. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

export function registerObservability(app: FastifyInstance, metrics: Metrics): void {
  // What is told of an answer holds no secret: redacting it would cost as much as a check.
  const answers = app.log.child({}, { redact: [] });
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method, caller, id: request_id } = request;
    const route = request.routeOptions.url ?? 'none';
    const status = reply.statusCode;
    const ms = Math.round(reply.elapsedTime);
    metrics.requests.observe({ method, route, status: String(status) }, reply.elapsedTime / 1000);
    answers.info({ request_id, method, route, status, ms, ...(caller && { member: caller.member }) }, 'answered');
    done();
  });
  app.addHook('onRequestAbort', (request, done) => {
    request.log.info({ method: request.method, route: request.routeOptions.url ?? 'none' }, 'client went away');
    done();
  });
}

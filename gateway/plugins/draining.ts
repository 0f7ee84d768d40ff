import type { FastifyInstance } from 'fastify';

/** Once closing has begun, a connection ends with the answer that it still carried, and not with its keep-alive time. */
export function registerDraining(app: FastifyInstance): void {
  let draining = false;
  app.addHook('preClose', (done) => {
    draining = true;
    done();
  });
  app.addHook('onResponse', (_request, _reply, done) => {
    // The connection counts as idle only after this turn.
    if (draining) setImmediate(() => app.server.closeIdleConnections());
    done();
  });
}

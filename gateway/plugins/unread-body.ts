import type { FastifyReply, FastifyRequest } from 'fastify';

/** How long a client may go on sending what nobody reads. */
const PATIENCE_MS = 10_000;

/**
 * Reads the rest of a refused request and drops it: a client that still sends would otherwise lose the answer with the
 * connection. One that does not come to an end is cut off.
 */
export function discardBody({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (raw.complete || raw.destroyed) return;
  reply.removeHeader('connection');
  raw.resume();
  const cut = setTimeout(() => raw.destroy(), PATIENCE_MS);
  cut.unref();
  raw.once('close', () => clearTimeout(cut));
  raw.once('end', () => clearTimeout(cut));
}

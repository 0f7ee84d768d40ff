// Server-sent events on the wire (WHATWG HTML, section 9.2).
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ServerSent } from './routes/handler.ts';

export const EVENT_STREAM = 'text/event-stream';

/** What fails before the first event has a status of its own; what fails later ends the stream, and the client comes back. */
export async function sendEvents(
  events: AsyncGenerator<ServerSent<unknown>, void, void>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const first = await events.next();
  const stream = Readable.from(encode(first, events, request), { objectMode: false });
  stream.once('close', () => void events.return());
  // No proxy may keep it back, or keep it.
  return reply.headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' }).type(EVENT_STREAM).send(stream);
}

async function* encode(
  first: IteratorResult<ServerSent<unknown>, void>,
  events: AsyncGenerator<ServerSent<unknown>, void, void>,
  request: FastifyRequest,
): AsyncGenerator<Buffer, void, void> {
  try {
    for (let next = first; next.done !== true; next = await events.next()) yield frameOf(next.value);
  } catch (error) {
    request.log.info({ err: error }, 'a stream of events ended');
  }
}

function frameOf(event: ServerSent<unknown>): Buffer {
  if (event === 'heartbeat') return Buffer.from(': \n\n');
  return Buffer.from(`id: ${event.id}\nevent: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`);
}

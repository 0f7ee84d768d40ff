import type { Readable } from 'node:stream';
import { XinlianError } from '../../node/core/errors.ts';

/** The body of a streamed request, as it comes. Throws `CANCELLED` where it breaks off. */
export async function* piecesOf(body: Readable): AsyncGenerator<Buffer, void, void> {
  // The request must outlive a fault in it: its connection still has to carry the problem.
  yield* body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  if (body.readableAborted) throw new XinlianError('CANCELLED', { what: 'stream of rows' });
}

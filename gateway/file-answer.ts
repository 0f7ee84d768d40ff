// A file of any size as an answer: streamed, in parts where a part is asked for (RFC 9110, section 14).
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { XinlianError } from '../node/core/errors.ts';

export interface FileAnswer {
  size: number;
  /** SHA-256 of the whole, base64. */
  sha256: string;
  /** The bytes from `from` to before `to`. */
  read: (from: number, to: number) => AsyncIterable<Uint8Array>;
}

export function sendFile(
  { size, sha256, read }: FileAnswer,
  mediaType: string,
  { headers }: Pick<FastifyRequest, 'headers'>,
  reply: FastifyReply,
): FastifyReply {
  const etag = `"${sha256}"`;
  const range = headers['if-range'] === undefined || headers['if-range'] === etag ? headers.range : undefined;
  const part = range === undefined ? undefined : partOf(range, size);
  const { from, to } = part ?? { from: 0, to: size };
  if (part) reply.code(206).header('content-range', `bytes ${from}-${to - 1}/${size}`);
  return reply
    .headers({
      'accept-ranges': 'bytes',
      'content-length': String(to - from),
      etag,
      'repr-digest': `sha-256=:${sha256}:`,
    })
    .type(mediaType)
    .send(Readable.from(read(from, to), { objectMode: false }));
}

/** Throws `RANGE_NOT_SATISFIABLE`; undefined where it is no single range of bytes, which a server may pass over. */
function partOf(range: string, size: number): { from: number; to: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range) ?? [];
  if (first === '' && last === '') return undefined;
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (from < to) return { from, to };
  throw new XinlianError('RANGE_NOT_SATISFIABLE', { range, size });
}

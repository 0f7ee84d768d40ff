// Rows as a program has them: in one piece, or as a stream.
import { utf8 } from '../../node/core/bytes.ts';

/** NDJSON: one JSON object a line. */
export type Rows = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Blob | Uint8Array | string;

/** The bytes of rows. A stream is cancelled where reading ends early. */
export async function* bytesOf(rows: Rows): AsyncGenerator<Uint8Array, void, void> {
  if (typeof rows === 'string') yield utf8(rows);
  else if (rows instanceof Uint8Array) yield rows;
  else if (rows instanceof Blob) yield* piecesOf(rows.stream());
  else if (rows instanceof ReadableStream) yield* piecesOf(rows);
  else yield* rows;
}

/** Not every browser iterates over a stream by itself. */
async function* piecesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}

// What must be known of a file before its first row is sent: its digest, and how its text is encoded.
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { malformed } from '../../node/core/errors.ts';

export const ENCODINGS = ['utf-8', 'gb18030', 'utf-16le', 'utf-16be'] as const;
export type Encoding = (typeof ENCODINGS)[number];

export interface FileFacts {
  bytes: number;
  /** SHA-256 */
  digest: Buffer;
  encoding: Encoding;
  /** Whether U+FFFD in its text may stand for bytes that are no text in this encoding. */
  suspect: boolean;
}

/** Reads the file once. Without `encoding` it is UTF-8 where all of it is valid UTF-8, else GB 18030. */
export async function inspectFile(file: FileHandle, encoding?: string): Promise<FileFacts> {
  const hash = createHash('sha256');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let valid = true;
  let bytes = 0;
  for await (const piece of bytesOf(file)) {
    hash.update(piece);
    bytes += piece.length;
    valid &&= decodes(() => decoder.decode(piece, { stream: true }));
  }
  valid &&= decodes(() => decoder.decode());
  const wanted = ENCODINGS.find((name) => name === encoding);
  const found = wanted ?? (valid ? 'utf-8' : 'gb18030');
  return { bytes, digest: hash.digest(), encoding: found, suspect: found !== 'utf-8' || !valid };
}

/** The text of a file, a byte order mark left out. Throws `MALFORMED` where the file is not what was inspected. */
export async function* textOf(
  file: FileHandle,
  { encoding, bytes, digest }: FileFacts,
): AsyncGenerator<{ text: string; bytesRead: number }, void, void> {
  const decoder = new TextDecoder(encoding);
  const hash = createHash('sha256');
  let bytesRead = 0;
  for await (const piece of bytesOf(file)) {
    hash.update(piece);
    const first = bytesRead === 0;
    bytesRead += piece.length;
    const text = decoder.decode(piece, { stream: true });
    yield { text: first && text.startsWith('\uFEFF') ? text.slice(1) : text, bytesRead };
  }
  yield { text: decoder.decode(), bytesRead };
  if (bytesRead !== bytes || !hash.digest().equals(digest)) {
    malformed('file', 'the same content until it is read', 'a file that changed meanwhile: send it again');
  }
}

/** From its start, each time: a stream of the file's own can be given up only once. */
async function* bytesOf(file: FileHandle): AsyncGenerator<Buffer, void, void> {
  for (let position = 0; ;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(PIECE), 0, PIECE, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

const PIECE = 256 * 1024;

function decodes(decode: () => string): boolean {
  try {
    decode();
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

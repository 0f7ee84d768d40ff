// The lines of a chunk: NDJSON.
import { fromUtf8 } from '../core/bytes.ts';

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = '\uFEFF';
const REPLACEMENT = '\uFFFD';

const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

/** What each line holds; an empty one is no row, and one that is no UTF-8 or no JSON stands as undefined. */
export function parseLines(chunk: Uint8Array): unknown[] {
  const text = lenient.decode(chunk);
  // The replacement character stands where bytes were no UTF-8, or where the sender wrote it: only its line can tell.
  const lines: (string | undefined)[] = text.includes(REPLACEMENT)
    ? splitLines(chunk).map(decodeLine)
    : text.split('\n');
  // Some programs begin a file with one, though RFC 8259 forbids it.
  if (lines[0]?.startsWith(BYTE_ORDER_MARK)) lines[0] = lines[0].slice(1);
  return lines.filter((line) => line !== '' && line !== '\r').map(parseLine);
}

function parseLine(line: string | undefined): unknown {
  if (line === undefined) return undefined;
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

function decodeLine(line: Uint8Array): string | undefined {
  try {
    return fromUtf8(line);
  } catch {
    return undefined;
  }
}

function splitLines(chunk: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
    lines.push(chunk.subarray(start, end));
    start = end + 1;
  }
  lines.push(chunk.subarray(start));
  return lines;
}

// Looks for bytes in the memory of another process: Linux, by its owner or root.
import { open, readFile } from 'node:fs/promises';

const PIECE = 8 * 2 ** 20;

/** @returns how often each text is there, in UTF-8 or in UTF-16, which is how V8 keeps what is not Latin-1 */
export async function searchMemory(pid: number, texts: readonly string[]): Promise<number[]> {
  const forms = texts.map((text) => [Buffer.from(text, 'utf8'), Buffer.from(text, 'utf16le')]);
  const longest = Math.max(...forms.flat().map(({ length }) => length));
  const counts = texts.map(() => 0);
  const maps = (await readFile(`/proc/${pid}/maps`, 'utf8')).split('\n').filter((line) => / rw.. /.test(line));
  const memory = await open(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of maps) {
      const [from = 0, to = 0] = (line.split(' ')[0] ?? '').split('-').map((hex) => Number.parseInt(hex, 16));
      // A text that lies across two pieces is in the overlap.
      for (let at = from; at < to; at += PIECE - longest) {
        const piece = Buffer.alloc(Math.min(PIECE, to - at));
        // A page may be gone, or none at all (guard pages): what cannot be read holds nothing.
        const { bytesRead } = await memory.read(piece, 0, piece.length, at).catch(() => ({ bytesRead: 0 }));
        const read = piece.subarray(0, bytesRead);
        for (const [i, both] of forms.entries()) for (const form of both) counts[i]! += occurrences(read, form);
      }
    }
  } finally {
    await memory.close();
  }
  return counts;
}

function occurrences(bytes: Buffer, wanted: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) count++;
  return count;
}

// Reads volumes of an archive. What is wrong is named by volume and file.
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes, fromBase64, fromUtf8, toBase64 } from '../core/bytes.ts';
import { parseCheckpoint } from '../core/checkpoint.ts';
import { XinlianError } from '../core/errors.ts';
import { leafHash, TreeFrontier } from '../core/merkle.ts';
import { parseNote } from '../core/note.ts';
import { CHECKPOINT, ENTRIES_PER_FILE, entriesFile, MANIFEST, manifestCodec, type Manifest } from './format.ts';

/** Numbers of the volumes in a folder, ascending. */
export async function volumesIn(directory: string): Promise<number[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names.flatMap((name) => /^volume-(\d{6})$/.exec(name)?.[1] ?? []).map(Number);
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}

/** The manifest of a volume, in form alone. @param place its folder. @throws MALFORMED, NOT_FOUND */
export async function readVolume(place: string): Promise<{ manifest: Manifest; digest: string }> {
  const bytes = await readPart(place, MANIFEST);
  return { manifest: manifestCodec.decode(bytes), digest: digestOf(bytes) };
}

/** @throws NOT_FOUND */
export async function readPart(place: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(join(place, path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') {
      throw new XinlianError('NOT_FOUND', { what: `file of ${place}`, id: path }, { cause: error });
    }
    throw error;
  }
}

/** Entries of a file, each behind its u16 length. @returns views. @throws MALFORMED */
export function entriesIn(path: string, bytes: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let offset = 0; offset < bytes.length;) {
    const start = offset + 2;
    const end = start > bytes.length ? Infinity : start + view.getUint16(offset);
    if (end > bytes.length) throw new XinlianError('MALFORMED', { what: path, wanted: 'whole entries', got: 'a part' });
    entries.push(bytes.subarray(start, end));
    offset = end;
  }
  return entries;
}

/** The files with entries of a volume in order, with the positions that they must have. */
export function* entryFiles({ from, to }: Manifest): Generator<{ path: string; first: number; count: number }> {
  for (let first = from; first < to; first += ENTRIES_PER_FILE) {
    yield { path: entriesFile(first), first, count: Math.min(ENTRIES_PER_FILE, to - first) };
  }
}

/** Entries of a volume, a file at a time. @throws NOT_FOUND, MALFORMED */
export async function* entriesOfVolume(
  place: string,
  manifest: Manifest,
): AsyncGenerator<{ path: string; first: number; entries: Uint8Array[] }> {
  for (const { path, first, count } of entryFiles(manifest)) {
    const entries = entriesIn(path, await readPart(place, path));
    if (entries.length !== count) {
      throw new XinlianError('MALFORMED', { what: path, wanted: `${count} entries`, got: String(entries.length) });
    }
    yield { path, first, entries };
  }
}

/** The tree behind a volume. @throws LOG_INCONSISTENT where its entries do not give the root of its checkpoint; as above */
export async function treeOf(place: string, manifest: Manifest): Promise<TreeFrontier> {
  const { from, frontier, origin } = manifest;
  const tree = new TreeFrontier(
    from,
    frontier.map((hash) => fromBase64(hash)),
  );
  for await (const { entries } of entriesOfVolume(place, manifest)) {
    for (const entry of entries) tree.append(leafHash(entry));
  }
  const { size, root } = parseCheckpoint(parseNote(fromUtf8(await readPart(place, CHECKPOINT))).text);
  if (size === tree.size && equalBytes(tree.root(), root)) return tree;
  throw new XinlianError('LOG_INCONSISTENT', {
    log: origin,
    sizeA: tree.size,
    rootA: toBase64(tree.root()),
    sizeB: size,
    rootB: toBase64(root),
    proof: [],
  });
}

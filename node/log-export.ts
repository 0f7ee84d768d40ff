// Copies a whole log into a directory, in the layout of C2SP tlog-tiles: what any file server can serve, and any tool read.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ordered } from './audit/ordered.ts';
import type { LogSource } from './audit/ports.ts';
import { equalBytes, fromUtf8, toBase64 } from './core/bytes.ts';
import { parseCheckpoint, type Checkpoint } from './core/checkpoint.ts';
import { MOST_ENTRY_BYTES } from './core/entry.ts';
import { XinlianError } from './core/errors.ts';
import { leafHash, TreeFrontier } from './core/merkle.ts';
import { parseNote } from './core/note.ts';
import { decodeBundle, filesForSize, tilePath, TILE_WIDTH, type Tile } from './core/tiles.ts';

const AT_A_TIME = 16;
const MOST_NOTE_BYTES = 1_000_000;
const MOST_FILE_BYTES = TILE_WIDTH * (2 + MOST_ENTRY_BYTES);

export interface ExportOptions {
  /** Told entries done, and how many there are. */
  progress?: (done: number, of: number) => void;
  signal?: AbortSignal;
}

/**
 * Copies every file that the log's checkpoint covers; full tiles that are there from before are kept. The checkpoint is
 * written last: a copy that has one is whole, and its entries give that root.
 * @param directory of this one log
 * @throws NOT_FOUND where the source lacks a file; LOG_INCONSISTENT where its entries do not give its root; as `read`
 */
export async function exportLog(
  source: LogSource,
  directory: string,
  { progress, signal }: ExportOptions = {},
): Promise<Checkpoint> {
  const note = await need(source, 'checkpoint', MOST_NOTE_BYTES, signal);
  const checkpoint = parseCheckpoint(parseNote(fromUtf8(note)).text);
  const tree = new TreeFrontier();
  const copied = ordered(filesForSize(checkpoint.size), AT_A_TIME, async (tile) => ({
    tile,
    bytes: await copy(source, directory, tile, signal),
  }));
  for await (const { tile, bytes } of copied) {
    if (tile.level !== 'entries') continue;
    for (const entry of decodeBundle(bytes)) tree.append(leafHash(entry));
    progress?.(tree.size, checkpoint.size);
  }
  if (tree.size !== checkpoint.size || !equalBytes(tree.root(), checkpoint.root)) {
    throw new XinlianError('LOG_INCONSISTENT', {
      log: source.name,
      sizeA: tree.size,
      rootA: toBase64(tree.root()),
      sizeB: checkpoint.size,
      rootB: toBase64(checkpoint.root),
      proof: [],
    });
  }
  await write(join(directory, 'checkpoint'), note);
  return checkpoint;
}

async function copy(
  source: LogSource,
  directory: string,
  tile: Tile,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const path = tilePath(tile);
  const file = join(directory, path);
  // Full tiles never change.
  const kept = tile.width === TILE_WIDTH ? await readIfThere(file) : undefined;
  if (kept) return kept;
  const bytes = await need(source, path, MOST_FILE_BYTES, signal);
  await write(file, bytes);
  return bytes;
}

async function need(
  source: LogSource,
  path: string,
  most: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const bytes = await source.read(path, most, signal);
  if (bytes) return bytes;
  throw new XinlianError('NOT_FOUND', { what: `file of ${source.name}`, id: path });
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all: a copy that was broken off is gone on with. */
async function write(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.tmp`, bytes);
  await rename(`${file}.tmp`, file);
}

// Makes of an archive what `xinlian logs export` makes of a log: plain files in the layout of C2SP tlog-tiles, to be served,
// audited, or taken back into a node.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { XinlianError } from '../core/errors.ts';
import { leafHash, TreeFrontier } from '../core/merkle.ts';
import { encodeBundle, tilePath, TILE_WIDTH, type Tile } from '../core/tiles.ts';
import { CHECKPOINT, volumeName } from './format.ts';
import type { ArchiveVerification } from './verify.ts';
import { entriesOfVolume, readPart, readVolume } from './volume.ts';

/**
 * Writes the log of an archive that was verified. The checkpoint comes last: a copy that has one is whole.
 * @param out directory of this one log
 * @returns entries in it
 * @throws STORE_CORRUPT where the archive has faults, or does not begin with the first entry
 */
export async function restoreArchive(
  directory: string,
  { volumes, faults }: ArchiveVerification,
  out: string,
): Promise<number> {
  const [first] = volumes;
  const last = volumes.at(-1);
  if (faults.length > 0 || !first || !last || first.from !== 0) {
    const got = faults.length > 0 ? `${faults.length} faults` : `volumes from entry ${first?.from ?? 'none'}`;
    throw new XinlianError('STORE_CORRUPT', { what: directory, wanted: 'an archive without faults from entry 0', got });
  }
  const files = new TileFiles(out);
  for (const { number } of volumes) {
    const place = join(directory, volumeName(number));
    const { manifest } = await readVolume(place);
    for await (const { entries } of entriesOfVolume(place, manifest)) {
      for (const entry of entries) await files.append(Uint8Array.from(entry));
    }
  }
  await files.end();
  await write(out, CHECKPOINT, await readPart(join(directory, volumeName(last.number)), CHECKPOINT));
  return last.to;
}

/** Fills bundles and tiles from the left, and writes each once. */
class TileFiles {
  readonly #out: string;
  readonly #tree = new TreeFrontier();
  readonly #tiles: { index: number; hashes: Uint8Array[] }[] = [];
  #entries: Uint8Array[] = [];

  constructor(out: string) {
    this.#out = out;
  }

  async append(entry: Uint8Array): Promise<void> {
    this.#entries.push(entry);
    const full: Promise<void>[] = [];
    this.#tree.append(leafHash(entry), (level, index, hash) => {
      if (level % 8 === 0) full.push(this.#add(level / 8, index, hash));
    });
    await Promise.all(full);
    if (this.#entries.length === TILE_WIDTH) await this.#writeEntries();
  }

  /** Writes what is not full. */
  async end(): Promise<void> {
    if (this.#entries.length > 0) await this.#writeEntries();
    for (const [level, { index, hashes }] of this.#tiles.entries()) {
      if (hashes.length > 0) await this.#writeTile({ level, index, width: hashes.length }, hashes);
    }
  }

  async #add(level: number, index: number, hash: Uint8Array): Promise<void> {
    const tile = (this.#tiles[level] ??= { index: 0, hashes: [] });
    tile.index = Math.floor(index / TILE_WIDTH);
    tile.hashes.push(hash);
    if (tile.hashes.length < TILE_WIDTH) return;
    const hashes = tile.hashes.splice(0);
    await this.#writeTile({ level, index: tile.index, width: TILE_WIDTH }, hashes);
  }

  #writeTile(tile: Tile, hashes: readonly Uint8Array[]): Promise<void> {
    return write(this.#out, tilePath(tile), Buffer.concat(hashes));
  }

  async #writeEntries(): Promise<void> {
    const entries = this.#entries.splice(0);
    const index = Math.floor((this.#tree.size - 1) / TILE_WIDTH);
    await write(this.#out, tilePath({ level: 'entries', index, width: entries.length }), encodeBundle(entries));
  }
}

async function write(out: string, path: string, bytes: Uint8Array): Promise<void> {
  const file = join(out, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.tmp`, bytes);
  await rename(`${file}.tmp`, file);
}

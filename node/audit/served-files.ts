// The files of a log as one source serves them: fetched once, checked for form, in the widths that the source has.
import { XinlianError } from '../core/errors.ts';
import { HASH_LENGTH } from '../core/merkle.ts';
import { MOST_ENTRY_BYTES } from '../core/entry.ts';
import { decodeBundle, tilePath, TILE_WIDTH, type Tile } from '../core/tiles.ts';
import type { LogSource } from './ports.ts';

const MOST_BUNDLE_BYTES = TILE_WIDTH * (2 + MOST_ENTRY_BYTES);
const MOST_TILE_BYTES = TILE_WIDTH * HASH_LENGTH;
const MOST_NOTE_BYTES = 1_000_000;

/** A tile of hashes, or the entries of a bundle, as they came. */
export interface Served<T> {
  /** Path that was read. */
  file: string;
  /** Hashes or entries that a file of this path has. */
  width: number;
  content: T | 'missing' | 'malformed';
}

export type ServedTile = Served<Uint8Array>;
export type ServedBundle = Served<Uint8Array[]>;

export class ServedFiles {
  readonly source: LogSource;
  /** Entries that the source says it has: it tells which widths its partial tiles have. */
  readonly size: number;
  readonly #signal: AbortSignal | undefined;

  constructor(source: LogSource, size: number, signal?: AbortSignal) {
    this.source = source;
    this.size = size;
    this.#signal = signal;
  }

  static async note(source: LogSource, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    return source.read('checkpoint', MOST_NOTE_BYTES, signal);
  }

  /** @param wanted hashes that it must have at least */
  tile(level: number, index: number, wanted: number): Promise<ServedTile> {
    const width = Math.max(wanted, widthOf(Math.floor(this.size / TILE_WIDTH ** level), index));
    return this.#read({ level, index, width }, MOST_TILE_BYTES);
  }

  /** @param wanted entries that it must have at least */
  async bundle(index: number, wanted: number): Promise<ServedBundle> {
    const width = Math.max(wanted, widthOf(this.size, index));
    const served = await this.#read({ level: 'entries', index, width }, MOST_BUNDLE_BYTES);
    if (typeof served.content === 'string') return { ...served, content: served.content };
    try {
      return { ...served, content: decodeBundle(served.content) };
    } catch (error) {
      if (XinlianError.is(error, 'MALFORMED')) return { ...served, content: 'malformed' };
      throw error;
    }
  }

  /** A static server may have dropped a partial tile when the full one came. */
  async #read(tile: Tile, most: number): Promise<Served<Uint8Array>> {
    const served = { file: tilePath(tile), width: tile.width, content: await this.#fetch(tilePath(tile), most) };
    if (served.content !== 'missing' || tile.width === TILE_WIDTH) return served;
    const file = tilePath({ ...tile, width: TILE_WIDTH });
    const whole = await this.#fetch(file, most);
    return whole === 'missing' ? served : { file, width: TILE_WIDTH, content: whole };
  }

  async #fetch(path: string, most: number): Promise<Uint8Array | 'missing' | 'malformed'> {
    try {
      return (await this.source.read(path, most, this.#signal)) ?? 'missing';
    } catch (error) {
      if (XinlianError.is(error, 'TOO_LARGE')) return 'malformed';
      throw error;
    }
  }
}

function widthOf(nodes: number, index: number): number {
  return Math.min(TILE_WIDTH, Math.max(1, nodes - index * TILE_WIDTH));
}

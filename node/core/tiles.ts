// The layout of a log as static files: C2SP tlog-tiles, tile height 8.
import { concat } from './bytes.ts';
import { malformed } from './errors.ts';
import { HASH_LENGTH, nodeHash, type HashReader, type TreeNode } from './merkle.ts';

const TILE_HEIGHT = 8;

/** Hashes of a full tile, and entries of a full bundle. */
export const TILE_WIDTH = 2 ** TILE_HEIGHT;

/** An entry goes behind a u16 length. */
const MAX_ENTRY_LENGTH = 0xffff;

const MAX_LEVEL = 63;

/** Where a tile or a bundle stands: tile level (0 … 63) or entries, index in it, and width (1 … 256; 256 is full). */
export interface Tile {
  level: number | 'entries';
  index: number;
  width: number;
}

/** A tile of hashes. */
export interface HashTile extends Tile {
  level: number;
}

/** @returns for example `tile/0/x001/x234/067` or `tile/entries/003.p/17`. Throws `MALFORMED` for what is no tile. */
export function tilePath({ level, index, width }: Tile): string {
  if (level !== 'entries' && !(Number.isInteger(level) && level >= 0 && level <= MAX_LEVEL)) {
    malformed('tile level', `entries or 0 … ${MAX_LEVEL}`, level);
  }
  if (!Number.isSafeInteger(index) || index < 0) malformed('tile index', 'an integer from 0 to 2^53 − 1', index);
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) malformed('tile width', `1 … ${TILE_WIDTH}`, width);
  let path = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  }
  return `tile/${level}/${path}${width < TILE_WIDTH ? `.p/${width}` : ''}`;
}

const PATH = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/;

/** Inverse of `tilePath`. Strict: throws `MALFORMED` for any other form. */
export function parseTilePath(path: string): Tile {
  const wanted = 'tile/<level or entries>/<index>[.p/<width>]';
  const [, level, groups, width] = PATH.exec(path) ?? malformed('tile path', wanted, path);
  const tile: Tile = {
    level: level === 'entries' ? level : Number(level),
    index: Number(groups?.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  // One tile has one path: no further zeros, and no width on a full tile.
  if (tilePath(tile) !== path) malformed('tile path', tilePath(tile), path);
  return tile;
}

/** Complete subtrees of 256^level leaves in a tree of `size`. */
function widthAt(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/**
 * The hash tiles that a tree of `size` has and one of `since` had not: all of them for 0. By level, then index.
 * The bundles of new entries stand where the tiles of level 0 do.
 */
export function* tilesForSize(size: number, since = 0): Generator<HashTile> {
  for (let level = 0; widthAt(level, size) > 0; level++) {
    const width = widthAt(level, size);
    const before = widthAt(level, since);
    if (width <= before) return;
    for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH < width; index++) {
      yield { level, index, width: Math.min(TILE_WIDTH, width - index * TILE_WIDTH) };
    }
  }
}

/** Every tile and bundle of a log of `size`, bundles first: with its checkpoint, all the files that it is served as. */
export function* filesForSize(size: number): Generator<Tile> {
  for (let index = 0; index * TILE_WIDTH < size; index++) {
    yield { level: 'entries', index, width: Math.min(TILE_WIDTH, size - index * TILE_WIDTH) };
  }
  yield* tilesForSize(size);
}

/** Where the hash of a complete subtree is found: as the root over hashes `offset … offset + count − 1` of a tile. */
export interface TileCoordinates {
  level: number;
  index: number;
  offset: number;
  count: number;
}

/** Maps a complete subtree of 2^level leaves to its tile. */
export function tileCoordinates(level: number, index: number): TileCoordinates {
  const count = 2 ** (level % TILE_HEIGHT);
  const first = index * count;
  return {
    level: Math.floor(level / TILE_HEIGHT),
    index: Math.floor(first / TILE_WIDTH),
    offset: first % TILE_WIDTH,
    count,
  };
}

/** The tiles, each once, that the given subtrees of a tree of `size` are read from: what to fetch before a proof. */
export function tilesForNodes(nodes: Iterable<TreeNode>, size: number): HashTile[] {
  const tiles = new Map<string, HashTile>();
  for (const node of nodes) {
    const { level, index } = tileCoordinates(node.level, node.index);
    const width = Math.min(TILE_WIDTH, widthAt(level, size) - index * TILE_WIDTH);
    tiles.set(`${level}/${index}`, { level, index, width });
  }
  return [...tiles.values()];
}

/**
 * Reads subtree hashes from tiles.
 * @param getTile gives the concatenated hashes of a tile; it may be wider than `size` asks for
 * @param size leaves in the tree: nothing beyond is read
 * The reader throws `MALFORMED` where the subtree is not complete at `size`, or the tile is shorter than it must be.
 */
export function tileHashReader(getTile: (level: number, index: number) => Uint8Array, size: number): HashReader {
  return (level, index) => {
    if ((index + 1) * 2 ** level > size) malformed('tree node', `a subtree within size ${size}`, `${level}/${index}`);
    const tile = tileCoordinates(level, index);
    const hashes = getTile(tile.level, tile.index);
    const end = (tile.offset + tile.count) * HASH_LENGTH;
    if (hashes.length < end || hashes.length % HASH_LENGTH !== 0 || hashes.length > TILE_WIDTH * HASH_LENGTH) {
      malformed(`tile ${tile.level}/${tile.index}`, `${end} bytes or more, in whole hashes`, hashes.length);
    }
    return subtreeHash(hashes, tile.offset, tile.count);
  };
}

/** Hash of the subtree over hashes `offset … offset + count − 1` of a tile; `count` is a power of two. */
export function subtreeHash(hashes: Uint8Array, offset: number, count: number): Uint8Array {
  if (count === 1) return hashes.slice(offset * HASH_LENGTH, (offset + 1) * HASH_LENGTH);
  const half = count / 2;
  return nodeHash(subtreeHash(hashes, offset, half), subtreeHash(hashes, offset + half, half));
}

/** Entries in order, each behind its u16 length. Throws `MALFORMED` where a limit is broken. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length < 1 || entries.length > TILE_WIDTH) {
    malformed('entry bundle', `1 … ${TILE_WIDTH} entries`, entries.length);
  }
  return concat(...entries.flatMap((entry) => [entryLength(entry), entry]));
}

function entryLength({ length }: Uint8Array): Uint8Array {
  if (length > MAX_ENTRY_LENGTH) malformed('log entry', `at most ${MAX_ENTRY_LENGTH} bytes`, length);
  return Uint8Array.of(length >> 8, length & 0xff);
}

/**
 * Inverse of `encodeBundle`. Throws `MALFORMED` where the bytes are not 1 to 256 whole entries.
 * @returns views into `bytes`, not copies
 */
export function decodeBundle(bytes: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let offset = 0;
  while (offset < bytes.length) {
    if (entries.length === TILE_WIDTH) malformed('entry bundle', `at most ${TILE_WIDTH} entries`, 'more');
    const left = bytes.length - offset;
    const start = offset + 2;
    offset = left < 2 ? Infinity : start + view.getUint16(offset);
    if (offset > bytes.length) malformed('entry bundle', 'whole entries', `${left} bytes at the end that are none`);
    entries.push(bytes.subarray(start, offset));
  }
  if (entries.length === 0) malformed('entry bundle', 'at least one entry', 'no byte');
  return entries;
}

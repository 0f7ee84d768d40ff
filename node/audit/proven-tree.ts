// The hashes of a log, each proved from an anchored root down. A source may serve anything: what it serves is compared
// with what it must be, and where a tile is wrong the tiles or entries below it stand in for it.
import { concat, equalBytes } from '../core/bytes.ts';
import { HASH_LENGTH, leafHash, rootHash } from '../core/merkle.ts';
import { subtreeHash, tileHashReader, TILE_WIDTH } from '../core/tiles.ts';
import { judge, type Finding, type Place } from './rule.ts';
import { rangeRules, tileRules } from './rules/served.ts';
import type { ServedFiles, ServedTile } from './served-files.ts';

/** Tiles above the leaves that are kept: neighbours are asked for one after the other. */
const KEPT = 64;

export class ProvenTree {
  readonly #files: ServedFiles;
  readonly #found: (findings: Finding[]) => void;
  readonly #place: Place;
  readonly size: number;
  /** The rightmost tile of each level, as far as it is partial: the root is made of them. */
  readonly #edge: ReadonlyMap<number, Uint8Array>;
  readonly #kept = new Map<string, Uint8Array | undefined>();

  private constructor({ files, found, place }: TreeDependencies, size: number, edge: ReadonlyMap<number, Uint8Array>) {
    this.#files = files;
    this.#found = found;
    this.#place = place;
    this.size = size;
    this.#edge = edge;
  }

  /**
   * The tree of an anchored size and root.
   * @returns `other` where what is served gives another root, `missing` where too little is served to give any
   */
  static async open(
    needs: TreeDependencies,
    size: number,
    root: Uint8Array,
  ): Promise<ProvenTree | 'other' | 'missing'> {
    const tiles = await edgeTiles(needs.files, size);
    const below = new Map<EdgeTile, Uint8Array | undefined>();
    let given = false;
    // Bit i of the mask: whether tile i is made from below. As served first, and as few others as will do.
    for (const mask of masks(tiles.length)) {
      const edge = new Map<number, Uint8Array>();
      for (const [i, tile] of tiles.entries()) {
        const repaired = (mask & (1 << i)) !== 0;
        if (repaired && !below.has(tile)) below.set(tile, await fromBelow(needs.files, tile));
        const hashes = repaired ? below.get(tile) : contentOf(tile);
        if (hashes) edge.set(tile.level, hashes);
      }
      if (edge.size < tiles.length) continue;
      given = true;
      if (!givesRoot(edge, size, root)) continue;
      for (const { level, served } of tiles) {
        const facts = { ...served, proven: edge.get(level) };
        needs.found(judge(tileRules, facts, { ...needs.place, file: served.file }));
      }
      return new ProvenTree(needs, size, edge);
    }
    return given ? 'other' : 'missing';
  }

  /** Whether the tree has any hash of a tile. */
  has(level: number, index: number): boolean {
    return Math.floor(this.size / TILE_WIDTH ** level) > index * TILE_WIDTH;
  }

  /**
   * The proven hashes of a tile, as many as the size has; undefined where nothing that is served proves them.
   * @param early the tile as it was fetched before
   */
  async tile(level: number, index: number, early?: ServedTile): Promise<Uint8Array | undefined> {
    const width = Math.floor(this.size / TILE_WIDTH ** level) - index * TILE_WIDTH;
    // The others were judged when the tree was opened.
    if (width < TILE_WIDTH) return this.#edge.get(level);
    const key = `${level}/${index}`;
    if (this.#kept.has(key)) return this.#kept.get(key);
    const hashes = await this.#prove(level, index, early);
    if (level > 0) {
      this.#kept.set(key, hashes);
      const [oldest] = this.#kept.keys();
      if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
    }
    return hashes;
  }

  async #prove(level: number, index: number, early: ServedTile | undefined): Promise<Uint8Array | undefined> {
    const above = await this.tile(level + 1, Math.floor(index / TILE_WIDTH));
    if (!above) return undefined;
    const offset = (index % TILE_WIDTH) * HASH_LENGTH;
    const wanted = above.subarray(offset, offset + HASH_LENGTH);
    const served = early ?? (await this.#files.tile(level, index, TILE_WIDTH));
    const tile = { level, index, width: TILE_WIDTH, served };
    const proves = (hashes: Uint8Array | undefined): boolean =>
      hashes !== undefined && equalBytes(subtreeHash(hashes, 0, TILE_WIDTH), wanted);
    const told = contentOf(tile);
    if (proves(told)) return told;
    const below = await fromBelow(this.#files, tile);
    const proven = proves(below) ? below : undefined;
    const place = { ...this.#place, file: served.file };
    this.#found(judge(tileRules, { ...served, proven }, place));
    const span = TILE_WIDTH ** (level + 1);
    this.#found(
      judge(rangeRules, { proven: proven !== undefined, position: index * span, end: (index + 1) * span }, place),
    );
    return proven;
  }
}

export interface TreeDependencies {
  files: ServedFiles;
  found: (findings: Finding[]) => void;
  place: Place;
}

interface EdgeTile {
  level: number;
  index: number;
  /** Hashes that are wanted of it. */
  width: number;
  served: ServedTile;
}

/** Every choice of `count` things, the smaller first. */
function masks(count: number): number[] {
  const ones = (mask: number): number => (mask === 0 ? 0 : (mask & 1) + ones(mask >> 1));
  return Array.from({ length: 2 ** count }, (_, mask) => mask).sort((a, b) => ones(a) - ones(b) || a - b);
}

async function edgeTiles(files: ServedFiles, size: number): Promise<EdgeTile[]> {
  const tiles: Promise<EdgeTile>[] = [];
  for (let level = 0, nodes = size; nodes > 0; level++, nodes = Math.floor(nodes / TILE_WIDTH)) {
    const width = nodes % TILE_WIDTH;
    const index = Math.floor(nodes / TILE_WIDTH);
    if (width > 0) tiles.push(files.tile(level, index, width).then((served) => ({ level, index, width, served })));
  }
  return Promise.all(tiles);
}

/** The wanted hashes of a tile as served; undefined where it is missing or too short. */
function contentOf({ served: { content }, width }: EdgeTile): Uint8Array | undefined {
  const length = width * HASH_LENGTH;
  return typeof content === 'string' || content.length < length ? undefined : content.subarray(0, length);
}

/** A tile made of what stands below it: of its entries, or of the tiles whose roots it holds. */
async function fromBelow(files: ServedFiles, { level, index, width }: EdgeTile): Promise<Uint8Array | undefined> {
  if (level === 0) {
    const { content } = await files.bundle(index, width);
    return typeof content === 'string' || content.length < width
      ? undefined
      : concat(...content.slice(0, width).map(leafHash));
  }
  const hashes: Uint8Array[] = [];
  for (let i = 0; i < width; i++) {
    const { content } = await files.tile(level - 1, index * TILE_WIDTH + i, TILE_WIDTH);
    if (typeof content === 'string' || content.length < TILE_WIDTH * HASH_LENGTH) return undefined;
    hashes.push(subtreeHash(content, 0, TILE_WIDTH));
  }
  return concat(...hashes);
}

function givesRoot(edge: ReadonlyMap<number, Uint8Array>, size: number, root: Uint8Array): boolean {
  const reader = tileHashReader((level) => edge.get(level) ?? new Uint8Array(), size);
  return equalBytes(rootHash(size, reader), root);
}

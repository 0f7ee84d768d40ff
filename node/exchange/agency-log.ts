// One append-only log of a member: positions, tree, tiles, status tree. What signs and anchors it is `checkpointer.ts`.
import { concat, equalBytes } from '../core/bytes.ts';
import { decodeEntry, encodeEntry, type Entry } from '../core/entry.ts';
import { leafHash, rootHash, TreeFrontier, type HashReader } from '../core/merkle.ts';
import { statusChangeOf } from '../core/status-change.ts';
import { EMPTY_STATUS, updateStatusTree } from '../core/status-tree.ts';
import { TILE_WIDTH, tileHashReader } from '../core/tiles.ts';
import { XinlianError } from '../core/errors.ts';
import type { LogStore, StoredLog, WriteBatch } from './ports.ts';

const TILE_BYTES = TILE_WIDTH * 32;
const NO_TILE = new Uint8Array();

/** The rightmost tile of a level: complete but for its right end. */
interface OpenTile {
  index: number;
  hashes: Uint8Array;
  count: number;
}

/** What is in a batch, and not on the disk before that batch is. */
class Staged {
  /** Tiles that were filled, by `tilePlace`. */
  readonly tiles = new Map<string, Uint8Array>();
  /** What a status entry covers, by position; null is live. */
  readonly statuses = new Map<number, Uint8Array | null>();
}

export class AgencyLog<B extends WriteBatch = WriteBatch> {
  readonly #store: LogStore<B>;
  readonly #frontier: TreeFrontier;
  readonly #open: OpenTile[] = [];
  readonly #pending: Map<number, Uint8Array | null>;
  #state: StoredLog;
  #dirty = false;
  /** For the batch that is open, and for the one that is on its way to the disk: there is one of each at most. */
  #staged = new Staged();
  #committing = new Staged();
  /** Size behind the last status entry. */
  #coveredSize = 0;
  /** Size of the last checkpoint that is on the disk. */
  #shownSize: number;

  private constructor(store: LogStore<B>, state: StoredLog, pending: Map<number, Uint8Array | null>) {
    this.#store = store;
    this.#state = state;
    this.#frontier = new TreeFrontier(state.size, state.frontier);
    this.#pending = pending;
    this.#shownSize = state.signed?.size ?? 0;
  }

  /** Begins an empty log. The caller stores it by its first write. */
  static create<B extends WriteBatch>(
    store: LogStore<B>,
    log: Pick<StoredLog, 'number' | 'id' | 'owner' | 'scope'>,
  ): AgencyLog<B> {
    const state = { ...log, size: 0, frontier: [], statusRoot: EMPTY_STATUS, statusChanged: -1 };
    const created = new AgencyLog(store, state, new Map());
    created.#dirty = true;
    return created;
  }

  /** Goes on with a stored log. Throws `STORE_CORRUPT` where its entries do not give its tree. */
  static async load<B extends WriteBatch>(store: LogStore<B>, state: StoredLog): Promise<AgencyLog<B>> {
    const pending = await store.pendingStatus(state.number);
    let log: AgencyLog<B>;
    try {
      log = new AgencyLog(store, state, pending);
      await log.#loadOpenTiles();
      log.#loadCoveredSize();
    } catch (cause) {
      if (!XinlianError.is(cause, 'MALFORMED')) throw cause;
      const { wanted, got } = cause.details;
      throw new XinlianError('STORE_CORRUPT', { what: `log ${state.id}`, wanted, got }, { cause });
    }
    return log;
  }

  /** As it was last saved, but for `signed` and the status tree, which are of now; see `size`. */
  get state(): Readonly<StoredLog> {
    return this.#state;
  }

  /** Entries taken in, staged ones included. */
  get size(): number {
    return this.#frontier.size;
  }

  /** Root at `size`. */
  root(): Uint8Array {
    return this.#frontier.root();
  }

  /** Size of the last signed checkpoint that is durable: what is proved to others is under that one. 0 before the first. */
  get shownSize(): number {
    return this.#shownSize;
  }

  /** Whether something changed that no signed checkpoint covers. */
  get unsigned(): boolean {
    return this.size > (this.#state.signed?.size ?? 0);
  }

  /** Reads subtree hashes of the tree at `size`. */
  reader(size: number): HashReader {
    return tileHashReader((level, index) => this.tile(level, index), size);
  }

  /** Hashes of a tile, as many as there are. */
  tile(level: number, index: number): Uint8Array {
    const open = this.#open[level];
    if (open?.index === index) return open.hashes.subarray(0, open.count * 32);
    const place = tilePlace(level, index);
    return (
      this.#staged.tiles.get(place) ??
      this.#committing.tiles.get(place) ??
      this.#store.tile(this.#state.number, level, index) ??
      NO_TILE
    );
  }

  /** Adds an entry to the batch. @returns its position */
  append(batch: B, entry: Entry): number {
    const position = this.#frontier.size;
    const bytes = encodeEntry(entry);
    this.#store.putEntry(batch, this.#state.number, position, bytes);
    this.#frontier.append(leafHash(bytes), (level, index, hash) => {
      if (level % 8 === 0) this.#addToTile(batch, level / 8, index, hash);
    });
    this.#dirty = true;
    return position;
  }

  /** Appends an entry that changes another, and changes the status of that one with it. @returns its position */
  appendChange(batch: B, entry: Entry): number {
    const position = this.append(batch, entry);
    const change = statusChangeOf(entry, position);
    if (change) this.setStatus(batch, change.position, change.value);
    return position;
  }

  /** Gives the entry at `position` another status, from the next status entry on; null makes it live again. */
  setStatus(batch: B, position: number, value: Uint8Array | null): void {
    this.#pending.set(position, value);
    this.#store.putPendingStatus(batch, this.#state.number, position, value);
  }

  /** Status now, whether or not a status entry covers it yet; undefined: live. */
  status(position: number): Uint8Array | undefined {
    for (const statuses of [this.#pending, this.#staged.statuses, this.#committing.statuses]) {
      const status = statuses.get(position);
      if (status !== undefined) return status ?? undefined;
    }
    return this.#store.status(this.#state.number, position);
  }

  /**
   * Brings the status tree up to date and appends its root: the last entry under a checkpoint. Does nothing where the
   * last entry is that one already.
   * @throws CONFLICT while the status entry before it is not durable: the status tree is read from the disk
   */
  appendStatus(batch: B, time: number): void {
    const { number, id } = this.#state;
    if (this.#pending.size === 0 && this.#coveredSize === this.size) return;
    if (this.#staged.statuses.size + this.#committing.statuses.size > 0) {
      const got = 'one that is not';
      throw new XinlianError('CONFLICT', { what: `status of log ${id}`, wanted: 'a durable status entry', got });
    }
    const entryPosition = this.size;
    const { root, writes } = updateStatusTree(
      this.#state.statusRoot,
      (depth, prefix) => this.#store.statusNode(number, depth, prefix),
      this.#pending,
    );
    for (const { depth, prefix, hash } of writes)
      this.#store.putStatusNode(batch, number, depth, prefix, hash, entryPosition);
    for (const [position, value] of this.#pending) {
      this.#store.putStatus(batch, number, position, value, entryPosition);
      this.#staged.statuses.set(position, value);
    }
    this.#store.clearPendingStatus(batch, number, this.#pending.keys());
    const statusChanged = this.#pending.size > 0 ? entryPosition : this.#state.statusChanged;
    this.#pending.clear();
    this.#state = { ...this.#state, statusRoot: root, statusChanged };
    this.append(batch, { kind: 'status', time, root });
    this.#coveredSize = this.size;
  }

  setSigned(batch: B, signed: { size: number; root: Uint8Array }, note: string): void {
    this.#state = { ...this.#state, signed };
    this.#dirty = true;
    this.#store.putCheckpoint(batch, this.#state.number, signed.size, note);
  }

  /** Writes the state once a batch: a hook of its commits. */
  save(batch: B): (() => void) | undefined {
    if (!this.#dirty) return undefined;
    this.#dirty = false;
    this.#state = { ...this.#state, size: this.#frontier.size, frontier: this.#frontier.hashes };
    this.#store.putLog(batch, this.#state);
    this.#committing = this.#staged;
    this.#staged = new Staged();
    const shown = this.#state.signed?.size ?? 0;
    return () => {
      this.#committing = new Staged();
      this.#shownSize = shown;
    };
  }

  #addToTile(batch: B, level: number, index: number, hash: Uint8Array): void {
    const tileIndex = Math.floor(index / TILE_WIDTH);
    let open = this.#open[level];
    if (open?.index !== tileIndex) {
      open = { index: tileIndex, hashes: new Uint8Array(TILE_BYTES), count: 0 };
      this.#open[level] = open;
    }
    open.hashes.set(hash, open.count * 32);
    open.count++;
    if (open.count === TILE_WIDTH) this.#staged.tiles.set(tilePlace(level, tileIndex), open.hashes);
    // An open tile of leaves follows from the entries; those above would cost 256 tiles a hash to make again.
    if (open.count === TILE_WIDTH || level > 0) {
      this.#store.putTile(batch, this.#state.number, level, tileIndex, open.hashes.slice(0, open.count * 32));
    }
  }

  #loadCoveredSize(): void {
    const { number, size } = this.#state;
    const last = size > 0 ? this.#store.entry(number, size - 1) : undefined;
    if (last && decodeEntry(last).kind === 'status') this.#coveredSize = size;
  }

  async #loadOpenTiles(): Promise<void> {
    const { number, size } = this.#state;
    for (let level = 0, nodes = size; nodes > 0; level++, nodes = Math.floor(nodes / TILE_WIDTH)) {
      const count = nodes % TILE_WIDTH;
      if (count === 0) continue;
      const index = Math.floor(nodes / TILE_WIDTH);
      const hashes = new Uint8Array(TILE_BYTES);
      if (level === 0) {
        const leaves: Uint8Array[] = [];
        for await (const entry of this.#store.entries(number, size - count, size)) leaves.push(leafHash(entry));
        hashes.set(concat(...leaves).subarray(0, count * 32));
      } else {
        hashes.set((this.#store.tile(number, level, index) ?? NO_TILE).subarray(0, count * 32));
      }
      this.#open[level] = { index, hashes, count };
    }
    if (size > 0 && !equalBytes(this.root(), rootHash(size, this.reader(size)))) {
      throw new XinlianError('STORE_CORRUPT', {
        what: `log ${this.#state.id}`,
        wanted: 'tiles that give its root',
        got: 'others',
      });
    }
  }
}

function tilePlace(level: number, index: number): string {
  return `${level}/${index}`;
}

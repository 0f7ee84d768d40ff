// Logs: entries, tiles, checkpoints and the status tree, by the log's number.
import type { AnchorProof } from '../core/bundle.ts';
import { fromBase64, fromUtf8, toBase64, utf8, type Hex } from '../core/bytes.ts';
import { parseLogId, parseMemberId, type LogId, type MemberId } from '../core/ids.ts';
import { key, u64At } from './buckets.ts';
import type { Batch, Store } from './store.ts';

/** See `StoredLog` in the exchange's ports. */
interface LogState {
  number: number;
  id: LogId;
  owner: MemberId;
  scope: Hex;
  size: number;
  frontier: readonly Uint8Array[];
  statusRoot: Uint8Array;
  statusChanged: number;
  signed?: { size: number; root: Uint8Array };
}

const NOTHING = new Uint8Array();

export class LevelLogStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  batch(): Batch {
    return this.#store.batch();
  }

  async logs(): Promise<LogState[]> {
    const logs: LogState[] = [];
    for await (const [, value] of this.#store.entries('log')) logs.push(decodeLog(value));
    return logs;
  }

  putLog(batch: Batch, log: LogState): void {
    batch.put('log', key({ u32: log.number }), encodeLog(log));
  }

  putEntry(batch: Batch, log: number, position: number, entry: Uint8Array): void {
    batch.put('entry', key({ u32: log }, { u64: position }), entry);
  }

  entry(log: number, position: number): Uint8Array | undefined {
    return this.#store.get('entry', key({ u32: log }, { u64: position }));
  }

  async *entries(log: number, from: number, to: number): AsyncGenerator<Uint8Array> {
    const range = { from: key({ u32: log }, { u64: from }), to: key({ u32: log }, { u64: to }) };
    for await (const [, entry] of this.#store.entries('entry', range)) yield entry;
  }

  putTile(batch: Batch, log: number, level: number, index: number, hashes: Uint8Array): void {
    batch.put('tile', key({ u32: log }, { u8: level }, { u64: index }), hashes);
  }

  tile(log: number, level: number, index: number): Uint8Array | undefined {
    return this.#store.get('tile', key({ u32: log }, { u8: level }, { u64: index }));
  }

  putCheckpoint(batch: Batch, log: number, size: number, note: string): void {
    batch.put('checkpoint', key({ u32: log }, { u64: size }), utf8(note));
  }

  checkpoint(log: number, size: number): string | undefined {
    const note = this.#store.get('checkpoint', key({ u32: log }, { u64: size }));
    return note && fromUtf8(note);
  }

  putCosignatures(batch: Batch, log: number, size: number, lines: string): void {
    batch.put('cosignatures', key({ u32: log }, { u64: size }), utf8(lines));
  }

  cosignatures(log: number, size: number): string | undefined {
    const lines = this.#store.get('cosignatures', key({ u32: log }, { u64: size }));
    return lines && fromUtf8(lines);
  }

  putAnchorProof(batch: Batch, log: number, size: number, proof: AnchorProof): void {
    batch.put('anchorProof', key({ u32: log }, { u64: size }), utf8(JSON.stringify(proof)));
  }

  async lastAnchorProof(log: number): Promise<{ size: number; proof: AnchorProof } | undefined> {
    const range = { from: key({ u32: log }), to: key({ u32: log + 1 }), reverse: true, limit: 1 };
    for await (const [at, value] of this.#store.entries('anchorProof', range)) {
      return { size: u64At(at, 4), proof: JSON.parse(fromUtf8(value)) as AnchorProof };
    }
    return undefined;
  }

  statusNode(log: number, depth: number, prefix: number): Uint8Array | undefined {
    return this.#store.get('statusNode', nodeKey(log, depth, prefix));
  }

  statusNodeAt(log: number, depth: number, prefix: number, position: number): Promise<Uint8Array | undefined> {
    return this.#asOf({ undo: 'statusUndo', now: 'statusNode' }, nodeKey(log, depth, prefix), position);
  }

  putStatusNode(
    batch: Batch,
    log: number,
    depth: number,
    prefix: number,
    hash: Uint8Array | null,
    position: number,
  ): void {
    const node = nodeKey(log, depth, prefix);
    batch.put('statusUndo', key(node, { u64: position }), this.#store.get('statusNode', node) ?? NOTHING);
    if (hash) batch.put('statusNode', node, hash);
    else batch.delete('statusNode', node);
  }

  status(log: number, position: number): Uint8Array | undefined {
    return this.#store.get('status', key({ u32: log }, { u64: position }));
  }

  statusAt(log: number, position: number, statusEntry: number): Promise<Uint8Array | undefined> {
    const place = key({ u32: log }, { u64: position });
    return this.#asOf({ undo: 'statusValueUndo', now: 'status' }, place, statusEntry);
  }

  putStatus(batch: Batch, log: number, position: number, value: Uint8Array | null, statusEntry: number): void {
    const place = key({ u32: log }, { u64: position });
    batch.put('statusValueUndo', key(place, { u64: statusEntry }), this.#store.get('status', place) ?? NOTHING);
    if (value) batch.put('status', place, value);
    else batch.delete('status', place);
  }

  async pendingStatus(log: number): Promise<Map<number, Uint8Array | null>> {
    const pending = new Map<number, Uint8Array | null>();
    const range = { from: key({ u32: log }), to: key({ u32: log + 1 }) };
    for await (const [at, value] of this.#store.entries('statusPending', range)) {
      pending.set(u64At(at, 4), value.length > 0 ? value : null);
    }
    return pending;
  }

  putPendingStatus(batch: Batch, log: number, position: number, value: Uint8Array | null): void {
    batch.put('statusPending', key({ u32: log }, { u64: position }), value ?? NOTHING);
  }

  clearPendingStatus(batch: Batch, log: number, positions: Iterable<number>): void {
    for (const position of positions) batch.delete('statusPending', key({ u32: log }, { u64: position }));
  }

  /** A value as it was under the status entry at `position`: what the first one behind it replaced, or what is now. */
  async #asOf(
    buckets: { undo: 'statusUndo' | 'statusValueUndo'; now: 'statusNode' | 'status' },
    place: Uint8Array,
    position: number,
  ): Promise<Uint8Array | undefined> {
    const range = {
      from: key(place, { u64: position + 1 }),
      to: key(place, { u64: Number.MAX_SAFE_INTEGER }),
      limit: 1,
    };
    // First what is now: were it read behind the search, a commit between the two could replace it unseen.
    const now = this.#store.get(buckets.now, place);
    for await (const [, replaced] of this.#store.entries(buckets.undo, range)) {
      return replaced.length > 0 ? replaced : undefined;
    }
    return now;
  }
}

function nodeKey(log: number, depth: number, prefix: number): Uint8Array {
  return key({ u32: log }, { u8: depth }, { u64: prefix });
}

function encodeLog(log: LogState): Uint8Array {
  return utf8(
    JSON.stringify({
      ...log,
      frontier: log.frontier.map((hash) => toBase64(hash)),
      statusRoot: toBase64(log.statusRoot),
      ...(log.signed && { signed: { size: log.signed.size, root: toBase64(log.signed.root) } }),
    }),
  );
}

function decodeLog(bytes: Uint8Array): LogState {
  const log = JSON.parse(fromUtf8(bytes)) as Omit<LogState, 'frontier' | 'statusRoot' | 'signed'> & {
    frontier: string[];
    statusRoot: string;
    signed?: { size: number; root: string };
  };
  const { signed, ...rest } = log;
  return {
    ...rest,
    id: parseLogId(log.id),
    owner: parseMemberId(log.owner),
    frontier: log.frontier.map((hash) => fromBase64(hash, 32)),
    statusRoot: fromBase64(log.statusRoot, 32),
    ...(signed && { signed: { size: signed.size, root: fromBase64(signed.root, 32) } }),
  };
}

// What the use cases need of the world. Adapters fit these by shape; only `node.ts` joins them.
import type { Hex } from '../core/bytes.ts';
import type { AnchorProof } from '../core/bundle.ts';
import type { AnchoredHead, ChainHead, KeyKind, LogState, Member, Role } from '../core/consortium.ts';
import type { LogId, MemberId, RecordId } from '../core/ids.ts';
import type { SubmissionState } from '../core/messages/publish.ts';

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export interface Log {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** A write of several stores at once: all or nothing, durable (fsync) when `commit` resolves. */
export interface WriteBatch {
  commit(): Promise<void>;
}

/** A log as it stands at home. */
export interface StoredLog {
  /** Its number in this database. */
  number: number;
  id: LogId;
  owner: MemberId;
  scope: Hex;
  /** Entries taken in. */
  size: number;
  /** Hashes of the tree's frontier at `size`. */
  frontier: readonly Uint8Array[];
  /** Root of the status tree under the last status entry. */
  statusRoot: Uint8Array;
  /** Position of the last status entry that changed the status tree; -1 before the first. */
  statusChanged: number;
  /** The last checkpoint that was signed. */
  signed?: { size: number; root: Uint8Array };
}

export interface LogStore<B extends WriteBatch = WriteBatch> {
  batch(): B;
  logs(): Promise<StoredLog[]>;
  putLog(batch: B, log: StoredLog): void;
  putEntry(batch: B, log: number, position: number, entry: Uint8Array): void;
  entry(log: number, position: number): Uint8Array | undefined;
  /** Entries from `from` up to, not including, `to`. */
  entries(log: number, from: number, to: number): AsyncIterable<Uint8Array>;
  putTile(batch: B, log: number, level: number, index: number, hashes: Uint8Array): void;
  tile(log: number, level: number, index: number): Uint8Array | undefined;
  putCheckpoint(batch: B, log: number, size: number, note: string): void;
  checkpoint(log: number, size: number): string | undefined;
  putAnchorProof(batch: B, log: number, size: number, proof: AnchorProof): void;
  /** The proof of the largest size that has one. */
  lastAnchorProof(log: number): Promise<{ size: number; proof: AnchorProof } | undefined>;
  /** Node of the status tree now; undefined where the subtree is empty. */
  statusNode(log: number, depth: number, prefix: number): Uint8Array | undefined;
  /** As it was under the status entry at `position`. */
  statusNodeAt(log: number, depth: number, prefix: number, position: number): Promise<Uint8Array | undefined>;
  /** Replaces a node; what was there is kept for `statusNodeAt`. `position`: of the status entry that replaces it. */
  putStatusNode(batch: B, log: number, depth: number, prefix: number, hash: Uint8Array | null, position: number): void;
  status(log: number, position: number): Uint8Array | undefined;
  statusAt(log: number, position: number, statusEntry: number): Promise<Uint8Array | undefined>;
  putStatus(batch: B, log: number, position: number, value: Uint8Array | null, statusEntry: number): void;
  /** Changes of status that no status entry covers yet, by position of what they change. */
  pendingStatus(log: number): Promise<Map<number, Uint8Array | null>>;
  putPendingStatus(batch: B, log: number, position: number, value: Uint8Array | null): void;
  clearPendingStatus(batch: B, log: number, positions: Iterable<number>): void;
}

export interface StoredVersion {
  position: number;
  /** Seconds since 1970. */
  time: number;
}

export interface StoredRecord {
  /** Log number. */
  log: number;
  item: string;
  edition: string;
  /** Keyed digest of the row as it was normalised: tells a correction from a repetition. 32 bytes. */
  digest: Uint8Array;
  versions: StoredVersion[];
}

export interface RecordStore<B extends WriteBatch = WriteBatch> {
  record(id: RecordId): StoredRecord | undefined;
  putRecord(batch: B, id: RecordId, record: StoredRecord): void;
  /** Sealed parts of a version. */
  putVersion(batch: B, id: RecordId, version: number, parts: SealedVersion): void;
  version(id: RecordId, version: number): SealedVersion | undefined;
}

export interface SealedVersion {
  /** Record key, wrapped by an epoch key. */
  key: Uint8Array;
  claims: Uint8Array;
  /** Fields about persons; absent where there are none. */
  personal?: Uint8Array;
}

export interface SubmissionStore<B extends WriteBatch = WriteBatch> {
  submission(member: MemberId, id: string): SubmissionState | undefined;
  putSubmission(batch: B, member: MemberId, state: SubmissionState): void;
  /** The answer to a chunk, sealed. */
  chunk(member: MemberId, id: string, index: number): Uint8Array | undefined;
  putChunk(batch: B, member: MemberId, id: string, index: number, answer: Uint8Array): void;
  /** Notes that a submission was closed, for `closedBefore`. */
  putClosed(batch: B, closed: ClosedSubmission): void;
  /** Closed submissions that still have their answers, the oldest first. @param time milliseconds since 1970 */
  closedBefore(time: number, limit: number): Promise<ClosedSubmission[]>;
  /** Deletes the answers of a closed submission. */
  forgetChunks(batch: B, closed: ClosedSubmission): void;
}

export interface ClosedSubmission {
  member: MemberId;
  submission: string;
  /** Milliseconds since 1970. */
  time: number;
  /** How many it had. */
  chunks: number;
}

/** The chain as this node sees it. */
export interface ChainView {
  head(): ChainHead | undefined;
  /** Number of the last final block; -1 before the first. */
  final(): number;
  member(id: MemberId): Member | undefined;
  log(id: LogId): LogState | undefined;
  openLog(owner: MemberId, scope: Hex): LogState | undefined;
  /** A member's current key of a kind. */
  currentKey(id: MemberId, kind: KeyKind): Uint8Array | undefined;
  /** Whether the member is active with all of these roles: widened when final, narrowed at first sight. */
  isEntitledNow(id: MemberId, roles?: readonly Role[]): boolean;
}

/** What a member sends to the chain, under its own account. */
export interface ChainWriter {
  registerLog(scope: Hex, signal?: AbortSignal): Promise<{ log: LogId }>;
  anchor(
    checkpoint: { log: LogId; size: number; root: Uint8Array; proof: readonly Uint8Array[] },
    signal?: AbortSignal,
  ): Promise<{ transaction: Hex; block: number }>;
}

/** Reads the proof of an anchoring event back from the chain's blocks. */
export interface AnchorProver {
  capture(log: LogId, head: AnchoredHead, signal?: AbortSignal): Promise<AnchorProof>;
}

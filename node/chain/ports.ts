// What the chain adapter needs of the rest of a node, and nothing more. Only `node.ts` wires them.

/** A block of the follower's memory, opaque to the store. Numbers rise, and may leave gaps. */
export interface StoredBlock {
  number: number;
  bytes: Uint8Array;
}

/** One change of the store. It MUST be kept whole or not at all. */
export interface ChainWrite {
  /** Blocks above this number are forgotten first: a reorganisation took them back. -1 forgets the snapshot too. */
  above?: number;
  /** Blocks to add, ascending, each above all that is kept. */
  blocks: StoredBlock[];
  /** Replaces the note of what reorganisations took back but which still binds; see `narrowing.ts`. */
  orphaned?: Uint8Array;
}

/**
 * The follower's memory across restarts: a snapshot, the blocks after it, one note. The last block is the cursor, so
 * that events and cursor can never disagree. All of it can be read from the chain again: writes need not be synced.
 */
export interface ChainStore {
  /** Everything kept, blocks ascending and above the snapshot. */
  load(): Promise<{ snapshot?: StoredBlock; blocks: StoredBlock[]; orphaned?: Uint8Array }>;
  write(change: ChainWrite): Promise<void>;
  /** In one write: keeps the snapshot in place of the one before it, and forgets the blocks up to its number. */
  compact(snapshot: StoredBlock): Promise<void>;
}

/** An account that may send transactions. Its key may be on another machine. */
export interface AccountSigner {
  /** EIP-55 address. */
  readonly address: string;
  /**
   * secp256k1 signature of a 32-byte digest: `0x` and 65 bytes r || s || v (v 27 or 28), s in the lower half.
   * @throws KEY_UNAVAILABLE
   */
  sign(digest: Uint8Array): Promise<string> | string;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Ends after `ms`, or with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The part of a pino logger that is used here. */
export interface Log {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

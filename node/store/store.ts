// The node's database: buckets of bytes over one LevelDB. A write is one batch, and is durable when `commit` resolves.
import { Level } from 'level';
import type { AbstractLevel } from 'abstract-level';
import { XinlianError } from '../core/errors.ts';
import { BUCKETS, type Bucket } from './buckets.ts';

export interface Batch {
  put(bucket: Bucket, key: Uint8Array, value: Uint8Array): this;
  delete(bucket: Bucket, key: Uint8Array): this;
  /** Number of operations so far. */
  readonly length: number;
  /** Writes all or nothing; resolves after fsync. A batch is committed once. */
  commit(): Promise<void>;
}

export interface Range {
  /** Keys from this one on (within the bucket). */
  from?: Uint8Array;
  /** Keys before this one; absent: to the bucket's end. */
  to?: Uint8Array;
  reverse?: boolean;
  limit?: number;
}

export interface Store {
  /** Synchronous: a hit in LevelDB's cache costs less than a turn of the event loop. */
  get(bucket: Bucket, key: Uint8Array): Uint8Array | undefined;
  /** Keys without the bucket's byte, in order. */
  entries(bucket: Bucket, range?: Range): AsyncIterable<[key: Uint8Array, value: Uint8Array]>;
  batch(): Batch;
  /** Rewrites a bucket's files, so that what was deleted is gone from the disk. */
  compact(bucket: Bucket): Promise<void>;
  close(): Promise<void>;
}

type Database = AbstractLevel<string | Buffer | Uint8Array, Uint8Array, Uint8Array>;

const binary = { keyEncoding: 'view', valueEncoding: 'view' } as const;

/**
 * Opens (or makes) the database in a directory.
 * @throws STORE_LOCKED where another process has it open
 */
export async function openStore(path: string): Promise<Store> {
  const level = new Level<Uint8Array, Uint8Array>(path, {
    ...binary,
    // Sealed values do not compress.
    compression: false,
    cacheSize: 64 * 2 ** 20,
    writeBufferSize: 64 * 2 ** 20,
    maxFileSize: 16 * 2 ** 20,
    blockSize: 16 * 1024,
  });
  try {
    await level.open();
  } catch (cause) {
    const reason = (cause as { cause?: { code?: string } }).cause;
    if (reason?.code === 'LEVEL_LOCKED') throw new XinlianError('STORE_LOCKED', { path }, { cause });
    throw new XinlianError(
      'STORE_CORRUPT',
      { what: path, wanted: 'a LevelDB that opens', got: String(reason ?? cause) },
      { cause },
    );
  }
  // ClassicLevel, which `level` is in Node, has more than the type that `level` shares with browsers.
  const classic = level as typeof level & {
    compactRange(from: Uint8Array, to: Uint8Array, options: object): Promise<void>;
  };
  return storeOver(level, (from, to) => classic.compactRange(from, to, { keyEncoding: 'view' }));
}

/** A store over any open database of the abstract-level family. */
export function storeOver(
  database: Database,
  compactRange: (from: Uint8Array, to: Uint8Array) => Promise<void> = async () => {},
): Store {
  return {
    get: (bucket, key) => database.getSync(prefixed(bucket, key)),
    async *entries(bucket, range = {}) {
      const iterator = database.iterator({
        gte: prefixed(bucket, range.from ?? new Uint8Array()),
        lt: range.to ? prefixed(bucket, range.to) : Uint8Array.of(BUCKETS[bucket] + 1),
        reverse: range.reverse ?? false,
        limit: range.limit ?? -1,
      });
      for await (const [key, value] of iterator) yield [key.subarray(1), value];
    },
    batch: () => batchOver(database),
    compact: (bucket) => compactRange(Uint8Array.of(BUCKETS[bucket]), Uint8Array.of(BUCKETS[bucket] + 1)),
    close: () => database.close(),
  };
}

function batchOver(database: Database): Batch {
  const operations: ({ type: 'put'; key: Uint8Array; value: Uint8Array } | { type: 'del'; key: Uint8Array })[] = [];
  return {
    put(bucket, key, value) {
      operations.push({ type: 'put', key: prefixed(bucket, key), value });
      return this;
    },
    delete(bucket, key) {
      operations.push({ type: 'del', key: prefixed(bucket, key) });
      return this;
    },
    get length() {
      return operations.length;
    },
    // `sync` is LevelDB's own option: fsync before the write is acknowledged.
    commit: () => database.batch(operations, { sync: true } as object),
  };
}

function prefixed(bucket: Bucket, key: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + key.length);
  bytes[0] = BUCKETS[bucket];
  bytes.set(key, 1);
  return bytes;
}

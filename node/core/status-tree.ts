// The status tree: a sparse Merkle tree over log positions (docs/protocol.md, section 3).
import { sha256 } from '#sha256';
import { concat, equalBytes, toBase64, u64 } from './bytes.ts';
import { malformed, XinlianError } from './errors.ts';
import { HASH_LENGTH, nodeHash } from './merkle.ts';

/** Levels under the root: positions have 40 bits. */
export const STATUS_DEPTH = 40;

const POSITIONS = 2 ** STATUS_DEPTH;
const BITMAP_LENGTH = STATUS_DEPTH / 8;
const LEAF_PREFIX = Uint8Array.of(0);

/** Root of a subtree that has no leaf, at every depth: 32 zero bytes. */
export const EMPTY_STATUS: Uint8Array = new Uint8Array(HASH_LENGTH);

/**
 * Gives the hash of a node that is not empty, `undefined` for one that is. `depth` is 0 at the root and 40 at a leaf;
 * `prefix` is the first `depth` bits of the positions below.
 */
export type StatusReader = (depth: number, prefix: number) => Uint8Array | undefined;

/** A node to keep, or with `null` to delete: empty ones are never stored. */
export interface StatusWrite {
  depth: number;
  prefix: number;
  hash: Uint8Array | null;
}

/** @returns SHA-256(0x00 || u64(position) || value) */
export function statusLeaf(position: number, value: Uint8Array): Uint8Array {
  return sha256(concat(LEAF_PREFIX, u64(position), value));
}

/**
 * Applies a batch of changes; work on shared nodes is done once.
 * @param root root before; `EMPTY_STATUS` for the empty tree
 * @param read nodes before
 * @param changes new value by position, or `null` to make it live again
 * @returns root after, and every node on the way to a change, root included. Throws `MALFORMED` for a position of more
 * than 40 bits.
 */
export function updateStatusTree(
  root: Uint8Array,
  read: StatusReader,
  changes: ReadonlyMap<number, Uint8Array | null>,
): { root: Uint8Array; writes: StatusWrite[] } {
  if (changes.size === 0) return { root, writes: [] };
  const before: StatusReader = equalBytes(root, EMPTY_STATUS) ? () => undefined : read;
  const writes: StatusWrite[] = [];
  const store = (depth: number, prefix: number, hash: Uint8Array | undefined): void => {
    writes.push({ depth, prefix, hash: hash ?? null });
  };

  let level = new Map<number, Uint8Array | undefined>();
  for (const position of [...changes.keys()].sort((a, b) => a - b)) {
    checkPosition(position);
    const value = changes.get(position) ?? null;
    const hash = value === null ? undefined : statusLeaf(position, value);
    level.set(position, hash);
    store(STATUS_DEPTH, position, hash);
  }
  for (let depth = STATUS_DEPTH; depth > 0; depth--) {
    const above = new Map<number, Uint8Array | undefined>();
    for (const prefix of level.keys()) {
      const parent = Math.floor(prefix / 2);
      if (above.has(parent)) continue;
      const at = (child: number): Uint8Array | undefined =>
        level.has(child) ? level.get(child) : before(depth, child);
      const hash = combine(at(2 * parent), at(2 * parent + 1));
      above.set(parent, hash);
      store(depth - 1, parent, hash);
    }
    level = above;
  }
  return { root: level.get(0) ?? EMPTY_STATUS, writes };
}

/** `undefined` stands for an empty subtree. */
function combine(left: Uint8Array | undefined, right: Uint8Array | undefined): Uint8Array | undefined {
  if (!left && !right) return undefined;
  return nodeHash(left ?? EMPTY_STATUS, right ?? EMPTY_STATUS);
}

export interface StatusProof {
  /** 5 bytes: bit i, from the most significant, says whether the sibling at depth i + 1 is there. */
  bitmap: Uint8Array;
  /** Siblings that are not empty, 32 bytes each, from the leaf up. */
  siblings: Uint8Array[];
}

/** Proof of what stands, or that nothing stands, at a position. Throws `MALFORMED` for one of more than 40 bits. */
export function proveStatus(position: number, read: StatusReader): StatusProof {
  checkPosition(position);
  const bitmap = new Uint8Array(BITMAP_LENGTH);
  const siblings: Uint8Array[] = [];
  let prefix = position;
  for (let depth = STATUS_DEPTH; depth > 0; depth--) {
    const sibling = read(depth, siblingOf(prefix));
    if (sibling) {
      siblings.push(sibling);
      bitmap[(depth - 1) >> 3]! |= 0x80 >> ((depth - 1) & 7);
    }
    prefix = Math.floor(prefix / 2);
  }
  return { bitmap, siblings };
}

export interface StatusClaim extends StatusProof {
  position: number;
  /** Absent: the position is live. */
  value?: Uint8Array | undefined;
  root: Uint8Array;
}

/** Throws `PROOF_INVALID` (status) where the position does not have this value, or has one though none is given. */
export function verifyStatus({ position, value, bitmap, siblings, root }: StatusClaim): void {
  if (!isPosition(position)) fails('the position does not fit', '40 bits', `${position}`);
  if (bitmap.length !== BITMAP_LENGTH)
    fails('the bit map has the wrong length', `${BITMAP_LENGTH}`, `${bitmap.length}`);
  let hash = value && statusLeaf(position, value);
  let prefix = position;
  let used = 0;
  for (let depth = STATUS_DEPTH; depth > 0; depth--) {
    const present = (bitmap[(depth - 1) >> 3]! & (0x80 >> ((depth - 1) & 7))) !== 0;
    const sibling = present ? siblings[used++] : undefined;
    if (present) checkSibling(sibling);
    hash = prefix % 2 === 0 ? combine(hash, sibling) : combine(sibling, hash);
    prefix = Math.floor(prefix / 2);
  }
  if (used !== siblings.length) fails('the proof is too long', `${used} siblings`, `${siblings.length}`);
  const got = hash ?? EMPTY_STATUS;
  if (!equalBytes(got, root)) fails('the proof leads to another root', toBase64(root), toBase64(got));
}

/** An empty sibling has its bit unset: one proof has one form. */
function checkSibling(sibling: Uint8Array | undefined): void {
  if (sibling?.length !== HASH_LENGTH || equalBytes(sibling, EMPTY_STATUS)) {
    fails('a sibling is missing or empty', `${HASH_LENGTH} bytes, not all zero`, sibling ? toBase64(sibling) : 'none');
  }
}

function siblingOf(prefix: number): number {
  return prefix % 2 === 0 ? prefix + 1 : prefix - 1;
}

function isPosition(position: number): boolean {
  return Number.isInteger(position) && position >= 0 && position < POSITIONS;
}

function checkPosition(position: number): void {
  if (!isPosition(position)) malformed('position', 'an integer of at most 40 bits', position);
}

function fails(reason: string, wanted: string, got: string): never {
  throw new XinlianError('PROOF_INVALID', { link: 'status', reason, wanted, got });
}

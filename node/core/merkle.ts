// Merkle trees over logs: RFC 6962, section 2.1, with the proofs of RFC 9162, sections 2.1.3 and 2.1.4.
// Sizes and positions are JavaScript numbers up to 2^53 − 1, so halves are taken by division: bit operators end at 32.
import { sha256 } from '#sha256';
import { concat, equalBytes, toBase64 } from './bytes.ts';
import { malformed, XinlianError, type ProofLink } from './errors.ts';

export const HASH_LENGTH = 32;

/** A complete subtree: the 2^level leaves from index · 2^level on. */
export interface TreeNode {
  level: number;
  index: number;
}

/** Gives the hash of a complete subtree that is in the log. Synchronous: what a proof needs is fetched before. */
export type HashReader = (level: number, index: number) => Uint8Array;

/** Root of the tree that has no leaf. */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array());

const LEAF_PREFIX = Uint8Array.of(0);
const nodeInput = new Uint8Array(1 + 2 * HASH_LENGTH);
nodeInput[0] = 1;

/** @returns SHA-256(0x00 || entry) */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(concat(LEAF_PREFIX, entry));
}

/** @returns SHA-256(0x01 || left || right); both are 32 bytes */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  // One buffer for all calls: hashing is synchronous, and this is the hot path of appending.
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_LENGTH);
  return sha256(nodeInput);
}

/** Half-open range of leaves that the tree hashes as one: `start` is a multiple of a power of two ≥ its length. */
interface LeafRange {
  start: number;
  end: number;
}

/** Largest power of two that is smaller than `length` (RFC 6962: k < n ≤ 2k). */
export function splitPoint(length: number): number {
  let k = 1;
  while (k * 2 < length) k *= 2;
  return k;
}

/** The complete subtrees of a range, largest first. */
function rangeNodes({ start, end }: LeafRange): TreeNode[] {
  const nodes: TreeNode[] = [];
  while (start < end) {
    let level = 0;
    let width = 1;
    while (width * 2 <= end - start) {
      width *= 2;
      level++;
    }
    nodes.push({ level, index: start / width });
    start += width;
  }
  return nodes;
}

function rangeHash(range: LeafRange, read: HashReader): Uint8Array {
  return foldRight(rangeNodes(range).map(({ level, index }) => read(level, index)));
}

/** Hash of the tree whose complete subtrees, largest first, are these. */
function foldRight(hashes: readonly Uint8Array[]): Uint8Array {
  let hash: Uint8Array | undefined;
  for (let i = hashes.length - 1; i >= 0; i--) {
    const left = hashes[i] as Uint8Array;
    hash = hash === undefined ? left : nodeHash(left, hash);
  }
  return hash ?? EMPTY_ROOT;
}

/** Ranges of an inclusion proof, from the leaf up: PATH of RFC 9162, section 2.1.3.1. */
function inclusionRanges(index: number, size: number): LeafRange[] {
  checkSize('tree size', size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) malformed('leaf index', `0 … ${size - 1}`, index);
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

/** Ranges of a consistency proof, in its order: SUBPROOF of RFC 9162, section 2.1.4.1. */
function consistencyRanges(sizeA: number, sizeB: number): LeafRange[] {
  checkSize('older tree size', sizeA);
  checkSize('newer tree size', sizeB);
  if (sizeA > sizeB) malformed('older tree size', `at most ${sizeB}`, sizeA);
  if (sizeA === 0 || sizeA === sizeB) return [];
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = sizeB;
  while (end !== sizeA) {
    const middle = start + splitPoint(end - start);
    if (sizeA <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // The verifier knows the older root already, so a subtree that is the whole older tree is not repeated.
  if (start > 0) ranges.push({ start, end });
  return ranges.reverse();
}

/** The subtrees that `rootHash` reads. */
export function rootNodes(size: number): TreeNode[] {
  checkSize('tree size', size);
  return rangeNodes({ start: 0, end: size });
}

/** Root of the first `size` leaves; `EMPTY_ROOT` for none. Throws `MALFORMED` where `size` is no tree size. */
export function rootHash(size: number, read: HashReader): Uint8Array {
  checkSize('tree size', size);
  return rangeHash({ start: 0, end: size }, read);
}

/** The subtrees that `inclusionProof` reads. Throws `MALFORMED` where the leaf is not in the tree. */
export function inclusionNodes(index: number, size: number): TreeNode[] {
  return inclusionRanges(index, size).flatMap(rangeNodes);
}

/** Proof that leaf `index` is in the tree of `size` leaves, from the leaf up. Throws `MALFORMED` where it is not. */
export function inclusionProof(index: number, size: number, read: HashReader): Uint8Array[] {
  return inclusionRanges(index, size).map((range) => rangeHash(range, read));
}

/** The subtrees that `consistencyProof` reads. Throws `MALFORMED` where `sizeA` is larger than `sizeB`. */
export function consistencyNodes(sizeA: number, sizeB: number): TreeNode[] {
  return consistencyRanges(sizeA, sizeB).flatMap(rangeNodes);
}

/**
 * Proof that the tree of `sizeB` leaves extends that of `sizeA`; empty from size 0 and between equal sizes.
 * Throws `MALFORMED` where `sizeA` is larger than `sizeB`.
 */
export function consistencyProof(sizeA: number, sizeB: number, read: HashReader): Uint8Array[] {
  return consistencyRanges(sizeA, sizeB).map((range) => rangeHash(range, read));
}

export interface InclusionClaim {
  /** Position of the leaf, from 0. */
  index: number;
  /** Leaves in the tree. */
  size: number;
  /** Leaf hash, 32 bytes. */
  leaf: Uint8Array;
  /** Hashes of 32 bytes, from the leaf up. */
  proof: readonly Uint8Array[];
  root: Uint8Array;
}

/** RFC 9162, section 2.1.3.2. Throws `PROOF_INVALID` (inclusion) where the proof does not hold. */
export function verifyInclusion({ index, size, leaf, proof, root }: InclusionClaim): void {
  const fails = failure('inclusion');
  if (!isSize(size) || !isSize(index) || index >= size) fails('the leaf is not in the tree', `< ${size}`, `${index}`);
  checkHashes(fails, [leaf, root, ...proof]);
  let position = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) fails('the proof is too long', `${pathLength(index, size)} hashes`, `${proof.length}`);
    if (position % 2 === 1 || position === last) {
      hash = nodeHash(sibling, hash);
      // The last leaf of an incomplete tree has no sibling on the levels where it stands alone.
      while (position % 2 === 0 && position !== 0) {
        position /= 2;
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    position = half(position);
    last = half(last);
  }
  if (last !== 0) fails('the proof is too short', `${pathLength(index, size)} hashes`, `${proof.length}`);
  checkRoot(fails, 'the proof leads to another root', root, hash);
}

export interface ConsistencyClaim {
  sizeA: number;
  rootA: Uint8Array;
  sizeB: number;
  rootB: Uint8Array;
  proof: readonly Uint8Array[];
}

/**
 * RFC 9162, section 2.1.4.2, and beyond it: every tree extends the empty one, and itself, by the empty proof.
 * Throws `PROOF_INVALID` (consistency) where the newer tree is not shown to extend the older.
 */
export function verifyConsistency({ sizeA, rootA, sizeB, rootB, proof }: ConsistencyClaim): void {
  const fails = failure('consistency');
  if (!isSize(sizeA) || !isSize(sizeB) || sizeA > sizeB) fails('the log shrank', `≥ ${sizeA}`, `${sizeB}`);
  checkHashes(fails, [rootA, rootB, ...proof]);
  if (sizeA === 0 || sizeA === sizeB) {
    if (proof.length > 0) fails('the proof is too long', '0 hashes', `${proof.length}`);
    checkRoot(fails, 'the older root is another', sizeA === 0 ? EMPTY_ROOT : rootB, rootA);
    return;
  }
  const wanted = consistencyRanges(sizeA, sizeB).length;
  if (proof.length !== wanted) fails('the proof has another length', `${wanted} hashes`, `${proof.length}`);

  let position = sizeA - 1;
  let last = sizeB - 1;
  while (position % 2 === 1) {
    position = half(position);
    last = half(last);
  }
  // The older tree is one complete subtree of the newer exactly when its size is a power of two.
  const [first, ...rest] = position === 0 ? [rootA, ...proof] : proof;
  let older = first as Uint8Array;
  let newer = older;
  for (const sibling of rest) {
    if (position % 2 === 1 || position === last) {
      older = nodeHash(sibling, older);
      newer = nodeHash(sibling, newer);
      while (position % 2 === 0 && position !== 0) {
        position /= 2;
        last = half(last);
      }
    } else {
      newer = nodeHash(newer, sibling);
    }
    position = half(position);
    last = half(last);
  }
  checkRoot(fails, 'the proof leads to another older root', rootA, older);
  checkRoot(fails, 'the proof leads to another newer root', rootB, newer);
}

/** A log's right edge: the hashes of its complete subtrees, which are all that appending and the root need. */
export class TreeFrontier {
  #size: number;
  readonly #hashes: Uint8Array[];

  /**
   * @param size leaves so far
   * @param hashes as `hashes` gave them: a hash for each binary one of `size`, largest subtree first.
   * Throws `MALFORMED` where they do not fit the size.
   */
  constructor(size = 0, hashes: readonly Uint8Array[] = []) {
    checkSize('tree size', size);
    const wanted = rangeNodes({ start: 0, end: size }).length;
    if (hashes.length !== wanted) malformed('frontier', `${wanted} hashes for size ${size}`, `${hashes.length}`);
    if (hashes.some(({ length }) => length !== HASH_LENGTH)) malformed('frontier', 'hashes of 32 bytes', 'others');
    this.#size = size;
    this.#hashes = [...hashes];
  }

  get size(): number {
    return this.#size;
  }

  /** Hashes of the complete subtrees, largest first: with `size`, the state to keep. */
  get hashes(): readonly Uint8Array[] {
    return [...this.#hashes];
  }

  /**
   * Adds a leaf.
   * @param leaf its leaf hash, 32 bytes
   * @param onNode gets every subtree that this leaf completes, its own (level 0) first
   */
  append(leaf: Uint8Array, onNode?: (level: number, index: number, hash: Uint8Array) => void): void {
    let index = this.#size;
    let hash = leaf;
    let level = 0;
    onNode?.(level, index, hash);
    while (index % 2 === 1) {
      hash = nodeHash(this.#hashes.pop() as Uint8Array, hash);
      index = half(index);
      onNode?.(++level, index, hash);
    }
    this.#hashes.push(hash);
    this.#size++;
  }

  root(): Uint8Array {
    return foldRight(this.#hashes);
  }
}

function half(n: number): number {
  return Math.floor(n / 2);
}

function isSize(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

function checkSize(what: string, size: number): void {
  if (!isSize(size)) malformed(what, 'an integer from 0 to 2^53 − 1', size);
}

function pathLength(index: number, size: number): number {
  return inclusionRanges(index, size).length;
}

type Fails = (reason: string, wanted: string, got: string) => never;

function failure(link: ProofLink): Fails {
  return (reason, wanted, got) => {
    throw new XinlianError('PROOF_INVALID', { link, reason, wanted, got });
  };
}

function checkHashes(fails: Fails, hashes: readonly Uint8Array[]): void {
  const odd = hashes.find(({ length }) => length !== HASH_LENGTH);
  if (odd) fails('a hash has the wrong length', `${HASH_LENGTH} bytes`, `${odd.length}`);
}

function checkRoot(fails: Fails, reason: string, wanted: Uint8Array, got: Uint8Array): void {
  if (!equalBytes(wanted, got)) fails(reason, toBase64(wanted), toBase64(got));
}

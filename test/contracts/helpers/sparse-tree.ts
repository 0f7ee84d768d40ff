// RFC 6962 trees of any size, with consistency proofs, without their leaves.
//
// A proof between two sizes needs nothing of what lies inside a complete subtree that neither size cuts. So such a
// subtree is given as one hash, and a tree of 2^40 leaves takes a few dozen.
import { createHash } from 'node:crypto';

/** The hash of the complete subtree that covers `size` leaves from `start`; never asked inside one that it gave. */
export type SubtreeHash = (start: bigint, size: bigint) => Uint8Array;

export class SparseTree {
  readonly #sizes: bigint[];
  readonly #subtree: SubtreeHash;
  readonly #known = new Map<string, Uint8Array>();

  /** @param sizes the tree sizes that roots and proofs will be asked for, at least 1 each */
  constructor(sizes: bigint[], subtree: SubtreeHash) {
    this.#sizes = sizes;
    this.#subtree = subtree;
  }

  /** MTH(D[0:size]), RFC 9162 section 2.1.1. */
  root(size: bigint): Uint8Array {
    this.#expectSize(size);
    return this.#hash(0n, size);
  }

  /** PROOF(m, D[n]), RFC 9162 section 2.1.4.1; empty where m is n. */
  proof(m: bigint, n: bigint): Uint8Array[] {
    this.#expectSize(m);
    this.#expectSize(n);
    if (m > n) throw new RangeError(`proof: wanted m <= n, got ${m} and ${n}`);
    return this.#subproof(m, 0n, n, true);
  }

  #subproof(m: bigint, start: bigint, n: bigint, whole: boolean): Uint8Array[] {
    if (m === n) return whole ? [] : [this.#hash(start, n)];
    const left = largestPowerBelow(n);
    return m <= left
      ? [...this.#subproof(m, start, left, whole), this.#hash(start + left, n - left)]
      : [...this.#subproof(m - left, start + left, n - left, false), this.#hash(start, left)];
  }

  #hash(start: bigint, size: bigint): Uint8Array {
    const key = `${start}+${size}`;
    const known = this.#known.get(key);
    if (known) return known;
    const complete = (size & (size - 1n)) === 0n;
    const cut = this.#sizes.some((at) => start < at && at < start + size);
    const left = largestPowerBelow(size);
    const hash =
      complete && !cut
        ? this.#subtree(start, size)
        : nodeHash(this.#hash(start, left), this.#hash(start + left, size - left));
    this.#known.set(key, hash);
    return hash;
  }

  #expectSize(size: bigint): void {
    if (!this.#sizes.includes(size))
      throw new RangeError(`wanted one of the sizes ${this.#sizes.join(', ')}, got ${size}`);
  }
}

/** SHA-256(0x01 || left || right), RFC 9162 section 2.1.1. */
function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256').update(Uint8Array.of(1)).update(left).update(right).digest();
}

/** SHA-256(0x00 || entry), RFC 9162 section 2.1.1. */
export function leafHash(entry: Uint8Array): Uint8Array {
  return createHash('sha256').update(Uint8Array.of(0)).update(entry).digest();
}

/** Made-up hashes that are the same for the same seed. Without zero bytes, which cost less gas as calldata. */
export function madeUpSubtrees(seed: string): SubtreeHash {
  return (start, size) =>
    createHash('sha256')
      .update(`${seed}/${start}/${size}`)
      .digest()
      .map((byte) => byte || 0xff);
}

function largestPowerBelow(size: bigint): bigint {
  return size < 2n ? 0n : 1n << BigInt((size - 1n).toString(2).length - 1);
}

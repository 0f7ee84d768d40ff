// What a checkpoint costs: gas of the whole transaction, on a log whose last one the test chooses.
import { hexlify } from 'ethers';
import { digest } from './consortium.ts';
import type { Consortium } from './consortium.ts';
import type { LogAnchorContract } from './contract-types.ts';
import { SparseTree, madeUpSubtrees } from './sparse-tree.ts';

/**
 * The dearest step between two sizes of at most 2^k leaves, k > 1: from 2^k - 1 to 2^k.
 *
 * A walk costs its hashes (one for a right sibling, two for a left one) and its elements, as calldata. It starts at
 * the level of the trailing ones of m - 1, with one element and no hash, and takes at most one element a level up to
 * level k: so at most k + 1 elements. On its first level the lowest bit of path is 0, by choice of that level. Either
 * a right sibling stands there, and costs one hash; or the level is skipped. So there are at most 2 k - 1 hashes,
 * where it starts at level 0, meets a right sibling, and then left siblings only: m - 1 is 1...10 in binary, and n - 1
 * differs from it in the last bit alone. This pair reaches both bounds at once, and no other does. `gas.test.ts` and
 * the bench hold it against every pair of small sizes, and against many of the largest.
 */
export function dearestPair(k: number): [m: bigint, n: bigint] {
  return [2n ** BigInt(k) - 1n, 2n ** BigInt(k)];
}

/** Pairs below 2^k to hold against the dearest: neighbours, powers of two, patterns of bits, and made-up ones. */
export function rivals(k: number, madeUp: number): [m: bigint, n: bigint][] {
  const most = 2n ** BigInt(k);
  const alternating = (BigInt(`0x${'55'.repeat(8)}`) & (most - 1n)) | 1n;
  const sizes = [most, most - 1n, most - 2n, most / 2n + 1n, most / 2n, most / 2n - 1n, alternating, alternating << 1n];
  for (let i = 0; i < madeUp; i++) sizes.push(BigInt(digest(`size ${i}`)) % (most - 1n));
  const inside = sizes.filter((size) => 0n < size && size <= most);
  return inside.flatMap((m) => inside.filter((n) => m < n).map((n): [bigint, bigint] => [m, n]));
}

export class CheckpointMeter {
  readonly #c: Consortium;
  readonly #anchors: LogAnchorContract;
  #log = '';

  private constructor(c: Consortium, anchors: LogAnchorContract) {
    this.#c = c;
    this.#anchors = anchors;
  }

  static async create(c: Consortium): Promise<CheckpointMeter> {
    const owner = c.bodies[0]!;
    const meter = new CheckpointMeter(c, await c.anchorsAs(owner.wallet.address));
    // Zero bytes are cheaper in calldata: take a log whose id has none.
    for (let i = 0; meter.#log === '' || hasZeroByte(meter.#log); i++) {
      await meter.#anchors.registerLog(digest(`log ${i}`));
      meter.#log = await meter.#anchors.openLog(owner.id, digest(`log ${i}`));
    }
    return meter;
  }

  /** Gas of the first checkpoint of a log. */
  async first(size: bigint): Promise<number> {
    return this.#rolledBack(() => this.#anchor(size, hexlify(treeBetween([size]).root(size)), []));
  }

  /** Gas of a checkpoint of size n on one of size m. */
  async step(m: bigint, n: bigint): Promise<number> {
    const tree = treeBetween([m, n]);
    return this.#rolledBack(async () => {
      await this.#anchor(m, hexlify(tree.root(m)), []);
      return this.#anchor(
        n,
        hexlify(tree.root(n)),
        tree.proof(m, n).map((hash) => hexlify(hash)),
      );
    });
  }

  async #anchor(size: bigint, root: string, proof: string[]): Promise<number> {
    const transaction = await this.#anchors.anchor(this.#log, size, root, proof, { gasLimit: 500_000 });
    return Number((await transaction.wait())!.gasUsed);
  }

  async #rolledBack(work: () => Promise<number>): Promise<number> {
    const { provider } = this.#c.ethers;
    const snapshot: unknown = await provider.send('evm_snapshot');
    const gas = await work();
    await provider.send('evm_revert', [snapshot]);
    return gas;
  }
}

/** A tree whose root at the largest size has no zero byte either. */
function treeBetween(sizes: bigint[]): SparseTree {
  for (let i = 0; ; i++) {
    const tree = new SparseTree(sizes, madeUpSubtrees(`tree ${i}`));
    if (!hasZeroByte(hexlify(tree.root(sizes.at(-1)!)))) return tree;
  }
}

function hasZeroByte(hex: string): boolean {
  return /^0x(?:..)*?00/.test(hex);
}

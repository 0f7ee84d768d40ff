import { expect } from 'chai';
import * as fc from 'fast-check';
import { concat, toHex, u64 } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { sha256 } from '../../node/core/sha256.ts';
import {
  EMPTY_STATUS,
  proveStatus,
  updateStatusTree,
  verifyStatus,
  type StatusClaim,
  type StatusReader,
} from '../../node/core/status-tree.ts';

const ZERO = new Uint8Array(32);
const isZero = (hash: Uint8Array) => hash.every((byte) => byte === 0);

/** The definition of docs/protocol.md, read out: the root over all leaves whose position starts with `prefix`. */
function slowRoot(leaves: Map<number, Uint8Array>, depth = 0, prefix = 0): Uint8Array {
  if (leaves.size === 0) return ZERO;
  if (depth === 40) return sha256(concat(Uint8Array.of(0), u64(prefix), leaves.get(prefix)!));
  const side = (child: number) => {
    const below = [...leaves].filter(([position]) => Math.floor(position / 2 ** (39 - depth)) === child);
    return slowRoot(new Map(below), depth + 1, child);
  };
  const [left, right] = [side(2 * prefix), side(2 * prefix + 1)];
  return isZero(left) && isZero(right) ? ZERO : sha256(concat(Uint8Array.of(1), left, right));
}

class Kept {
  readonly nodes = new Map<string, Uint8Array>();
  root: Uint8Array = EMPTY_STATUS;
  readonly read: StatusReader = (depth, prefix) => this.nodes.get(`${depth}/${prefix}`);

  apply(changes: Map<number, Uint8Array | null>): void {
    const { root, writes } = updateStatusTree(this.root, this.read, changes);
    for (const { depth, prefix, hash } of writes) {
      if (hash) this.nodes.set(`${depth}/${prefix}`, hash);
      else this.nodes.delete(`${depth}/${prefix}`);
    }
    this.root = root;
  }
}

function holds(claim: StatusClaim): boolean {
  try {
    verifyStatus(claim);
    return true;
  } catch (error) {
    if (XinlianError.is(error, 'PROOF_INVALID')) return false;
    throw error;
  }
}

const position = fc.oneof(fc.nat(20), fc.nat(2 ** 31 - 1), fc.maxSafeNat().map((n) => n % 2 ** 40)); // prettier-ignore
const value = fc.uint8Array({ minLength: 1, maxLength: 8 });
const batch = fc.array(fc.tuple(position, fc.option(value)), { maxLength: 12 }).map((changes) => new Map(changes));

describe('Status tree, against the definition', () => {
  it('has the same root after every batch, and keeps no empty node', () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 5 }), (batches) => {
        const kept = new Kept();
        const leaves = new Map<number, Uint8Array>();
        for (const changes of batches) {
          kept.apply(changes);
          for (const [at, value] of changes) {
            if (value) leaves.set(at, value);
            else leaves.delete(at);
          }
          expect(toHex(kept.root)).to.equal(toHex(slowRoot(leaves)));
        }
        expect([...kept.nodes.values()].some(isZero)).to.equal(false);
        if (leaves.size === 0) expect(kept.nodes.size).to.equal(0);
      }),
      { numRuns: 60 },
    );
  });

  it('proves exactly what stands at any position', () => {
    fc.assert(
      fc.property(batch, position, value, (changes, other, wrong) => {
        const kept = new Kept();
        kept.apply(changes);
        for (const at of [...changes.keys(), other]) {
          const value = changes.get(at) ?? undefined;
          const proof = { position: at, root: kept.root, ...proveStatus(at, kept.read) };
          expect(holds({ ...proof, value })).to.equal(true);
          if (value) expect(holds({ ...proof, value: undefined })).to.equal(false);
          if (toHex(wrong) !== toHex(value ?? ZERO)) expect(holds({ ...proof, value: wrong })).to.equal(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a proof that is changed anywhere', () => {
    fc.assert(
      fc.property(batch, position, fc.nat(), fc.integer({ min: 1, max: 255 }), (changes, at, where, by) => {
        const kept = new Kept();
        kept.apply(changes);
        const { bitmap, siblings } = proveStatus(at, kept.read);
        const parts = [Uint8Array.from(bitmap), ...siblings.map((hash) => Uint8Array.from(hash))];
        const spoilt = where % parts.reduce((sum, { length }) => sum + length, 0);
        const part = spoilt < 5 ? 0 : 1 + Math.floor((spoilt - 5) / 32);
        parts[part]![part === 0 ? spoilt : (spoilt - 5) % 32]! ^= by;
        const claim = { position: at, value: changes.get(at) ?? undefined, root: kept.root };
        expect(holds({ ...claim, bitmap: parts[0]!, siblings: parts.slice(1) })).to.equal(false);
      }),
      { numRuns: 200 },
    );
  });

  it('throws nothing but its own error on any proof', () => {
    const any = fc.record({
      position: fc.oneof(fc.double(), position),
      value: fc.option(value, { nil: undefined }),
      bitmap: fc.uint8Array({ minLength: 4, maxLength: 6 }),
      siblings: fc.array(fc.uint8Array({ minLength: 31, maxLength: 33 }), { maxLength: 41 }),
      root: fc.uint8Array({ minLength: 31, maxLength: 33 }).filter((root) => !isZero(root)),
    });
    fc.assert(
      fc.property(any, (claim) => {
        expect(holds(claim)).to.equal(false);
      }),
    );
  });
});

import { expect } from 'chai';
import {
  consistencyProof,
  EMPTY_ROOT,
  inclusionProof,
  leafHash,
  nodeHash,
  rootHash,
  TreeFrontier,
  verifyConsistency,
  verifyInclusion,
} from '../../../node/core/merkle.ts';
import { fromHex, toHex } from '../../../node/core/bytes.ts';
import { XinlianError, type ErrorCode } from '../../../node/core/errors.ts';
import vectors from '../../vectors/merkle.json' with { type: 'json' };

const bytes = (hex: string) => fromHex(`0x${hex}`);
const hex = (hash: Uint8Array) => toHex(hash).slice(2);

const nodes = new Map<string, Uint8Array>();
const reference = new TreeFrontier();
for (const leaf of vectors.leaves) {
  reference.append(leafHash(bytes(leaf)), (level, index, hash) => nodes.set(`${level}/${index}`, hash));
}
const read = (level: number, index: number) => nodes.get(`${level}/${index}`)!;
const root = (size: number) => bytes(vectors.roots[size - 1]!);

function failsWith(code: ErrorCode, act: () => unknown): XinlianError {
  try {
    act();
  } catch (error) {
    if (XinlianError.is(error, code)) return error;
    throw error;
  }
  throw new Error(`wanted ${code}, but nothing was thrown`);
}

describe('Merkle tree', () => {
  it('has the known root at every size of the reference tree', () => {
    expect(hex(EMPTY_ROOT)).to.equal(vectors.emptyRoot);
    expect(hex(rootHash(0, read))).to.equal(vectors.emptyRoot);
    for (const [i, wanted] of vectors.roots.entries()) expect(hex(rootHash(i + 1, read))).to.equal(wanted);
  });

  it('makes and accepts the known inclusion proofs', () => {
    for (const { index, size, proof } of vectors.inclusion) {
      expect(inclusionProof(index, size, read).map(hex)).to.deep.equal(proof);
      const leaf = leafHash(bytes(vectors.leaves[index]!));
      verifyInclusion({ index, size, leaf, proof: proof.map(bytes), root: root(size) });
    }
  });

  it('makes and accepts the known consistency proofs', () => {
    for (const { sizeA, sizeB, proof } of vectors.consistency) {
      expect(consistencyProof(sizeA, sizeB, read).map(hex)).to.deep.equal(proof);
      verifyConsistency({ sizeA, rootA: root(sizeA), sizeB, rootB: root(sizeB), proof: proof.map(bytes) });
    }
  });

  describe('an inclusion proof', () => {
    const leaf = leafHash(bytes(vectors.leaves[5]!));
    const good = { index: 5, size: 8, leaf, proof: inclusionProof(5, 8, read), root: root(8) };
    const bad: [string, Partial<typeof good>][] = [
      ['another position', { index: 4 }],
      ['a size of another shape', { size: 6 }],
      ['a position beyond the tree', { index: 8 }],
      ['a fractional position', { index: 5.5 }],
      ['a negative position', { index: -1 }],
      ['another leaf', { leaf: leafHash(bytes('41')) }],
      ['another root', { root: root(7) }],
      ['a missing hash', { proof: good.proof.slice(0, -1) }],
      ['no hash', { proof: [] }],
      ['one hash too many', { proof: [...good.proof, EMPTY_ROOT] }],
      ['a short hash', { proof: [...good.proof.slice(0, 2), new Uint8Array(31)] }],
      ['swapped hashes', { proof: good.proof.toReversed() }],
    ];
    for (const [what, change] of bad) {
      it(`fails with ${what}`, () => {
        const error = failsWith('PROOF_INVALID', () => verifyInclusion({ ...good, ...change }));
        expect(error.details).to.include({ link: 'inclusion' });
      });
    }
  });

  describe('a consistency proof', () => {
    const good = {
      sizeA: 6,
      rootA: root(6),
      sizeB: 8,
      rootB: root(8),
      proof: consistencyProof(6, 8, read),
    };
    const bad: [string, Partial<typeof good>][] = [
      ['a larger older size', { sizeA: 9 }],
      ['another older size', { sizeA: 5 }],
      ['a newer size of another shape', { sizeB: 9 }],
      ['another older root', { rootA: root(5) }],
      ['another newer root', { rootB: root(7) }],
      ['a missing hash', { proof: good.proof.slice(1) }],
      ['one hash too many', { proof: [...good.proof, EMPTY_ROOT] }],
      ['a hash between equal sizes', { sizeA: 8, rootA: root(8), proof: [EMPTY_ROOT] }],
      ['two roots of one size', { sizeA: 8, rootA: root(7), proof: [] }],
      ['an older tree of no leaf with a root of some', { sizeA: 0, proof: [] }],
      ['a hash from the empty tree', { sizeA: 0, rootA: EMPTY_ROOT, proof: [EMPTY_ROOT] }],
    ];
    for (const [what, change] of bad) {
      it(`fails with ${what}`, () => {
        const error = failsWith('PROOF_INVALID', () => verifyConsistency({ ...good, ...change }));
        expect(error.details).to.include({ link: 'consistency' });
      });
    }

    it('is empty from the empty tree', () => {
      verifyConsistency({ sizeA: 0, rootA: EMPTY_ROOT, sizeB: 8, rootB: root(8), proof: [] });
    });
  });

  it('proves beyond 32 bits', () => {
    // A log of 2^52 + 3 equal leaves: every complete subtree of a level has the same hash.
    const leaf = leafHash(bytes('00'));
    const level: Uint8Array[] = [leaf];
    for (let i = 1; i <= 52; i++) level.push(nodeHash(level[i - 1]!, level[i - 1]!));
    const equal = (at: number) => level[at]!;
    const size = 2 ** 52 + 3;
    const whole = rootHash(size, equal);
    for (const index of [0, 1, 2 ** 31, 2 ** 32 + 1, 2 ** 52 - 1, 2 ** 52, size - 1]) {
      verifyInclusion({ index, size, leaf, proof: inclusionProof(index, size, equal), root: whole });
    }
    for (const sizeA of [1, 2 ** 32 - 1, 2 ** 33 + 7, 2 ** 52, size - 1]) {
      const rootA = rootHash(sizeA, equal);
      verifyConsistency({ sizeA, rootA, sizeB: size, rootB: whole, proof: consistencyProof(sizeA, size, equal) });
    }
  });

  it('refuses to prove what is not in the tree', () => {
    failsWith('MALFORMED', () => inclusionProof(8, 8, read));
    failsWith('MALFORMED', () => inclusionProof(0, 0, read));
    failsWith('MALFORMED', () => inclusionProof(0.5, 8, read));
    failsWith('MALFORMED', () => consistencyProof(8, 7, read));
    failsWith('MALFORMED', () => rootHash(-1, read));
    failsWith('MALFORMED', () => rootHash(2 ** 53, read));
  });
});

describe('Tree frontier', () => {
  it('goes on from its kept state', () => {
    const half = new TreeFrontier();
    for (const leaf of vectors.leaves.slice(0, 5)) half.append(leafHash(bytes(leaf)));
    const resumed = new TreeFrontier(half.size, half.hashes);
    for (const leaf of vectors.leaves.slice(5)) resumed.append(leafHash(bytes(leaf)));
    expect(resumed.size).to.equal(8);
    expect(hex(resumed.root())).to.equal(vectors.roots[7]);
    expect(hex(half.root())).to.equal(vectors.roots[4]);
  });

  it('does not lend out its state', () => {
    const frontier = new TreeFrontier();
    frontier.append(leafHash(bytes('00')));
    (frontier.hashes as Uint8Array[]).pop();
    expect(frontier.hashes).to.have.length(1);
  });

  it('refuses hashes that do not fit the size', () => {
    failsWith('MALFORMED', () => new TreeFrontier(5, [EMPTY_ROOT]));
    failsWith('MALFORMED', () => new TreeFrontier(1, [new Uint8Array(31)]));
    failsWith('MALFORMED', () => new TreeFrontier(-1, []));
  });
});

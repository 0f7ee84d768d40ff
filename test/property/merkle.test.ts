import { expect } from 'chai';
import * as fc from 'fast-check';
import { concat, equalBytes, toHex, u64 } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { sha256 } from '../../node/core/sha256.ts';
import {
  consistencyNodes,
  consistencyProof,
  inclusionNodes,
  inclusionProof,
  leafHash,
  rootHash,
  rootNodes,
  TreeFrontier,
  verifyConsistency,
  verifyInclusion,
  type HashReader,
  type TreeNode,
} from '../../node/core/merkle.ts';

// The definitions of RFC 6962, section 2.1, word for word: slow, over slices of leaves.
const Leaf = (entry: Uint8Array) => sha256(concat(Uint8Array.of(0), entry));
const Node = (left: Uint8Array, right: Uint8Array) => sha256(concat(Uint8Array.of(1), left, right));

function split(n: number): number {
  return 2 ** Math.ceil(Math.log2(n) - 1);
}

function MTH(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256(new Uint8Array());
  if (leaves.length === 1) return Leaf(leaves[0]!);
  const k = split(leaves.length);
  return Node(MTH(leaves.slice(0, k)), MTH(leaves.slice(k)));
}

function PATH(m: number, leaves: Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...PATH(m, leaves.slice(0, k)), MTH(leaves.slice(k))]
    : [...PATH(m - k, leaves.slice(k)), MTH(leaves.slice(0, k))];
}

function SUBPROOF(m: number, leaves: Uint8Array[], whole: boolean): Uint8Array[] {
  if (m === leaves.length) return whole ? [] : [MTH(leaves)];
  const k = split(leaves.length);
  return m <= k
    ? [...SUBPROOF(m, leaves.slice(0, k), whole), MTH(leaves.slice(k))]
    : [...SUBPROOF(m - k, leaves.slice(k), false), MTH(leaves.slice(0, k))];
}

const entries = (count: number) => Array.from({ length: count }, (_, i) => u64(i));
const hex = (hashes: Uint8Array[]) => hashes.map(toHex);

function grow(count: number): { read: HashReader; frontier: TreeFrontier } {
  const nodes = new Map<string, Uint8Array>();
  const frontier = new TreeFrontier();
  for (const entry of entries(count)) {
    frontier.append(leafHash(entry), (level, index, hash) => nodes.set(`${level}/${index}`, hash));
  }
  const read: HashReader = (level, index) => {
    const hash = nodes.get(`${level}/${index}`);
    if (!hash) throw new Error(`node ${level}/${index} is not complete at size ${count}`);
    return hash;
  };
  return { read, frontier };
}

/** A reader that has only what was asked for before. */
function only(wanted: TreeNode[], read: HashReader): HashReader {
  const listed = new Set(wanted.map(({ level, index }) => `${level}/${index}`));
  return (level, index) => {
    if (!listed.delete(`${level}/${index}`)) throw new Error(`node ${level}/${index} was not listed`);
    return read(level, index);
  };
}

function holds(verify: () => void): boolean {
  try {
    verify();
    return true;
  } catch (error) {
    if (XinlianError.is(error, 'PROOF_INVALID')) return false;
    throw error;
  }
}

describe('Merkle trees, against the definitions', () => {
  it('agree in root and frontier at every size to 130', () => {
    for (let size = 0; size <= 130; size++) {
      const { read, frontier } = grow(size);
      const wanted = toHex(MTH(entries(size)));
      expect(toHex(frontier.root())).to.equal(wanted);
      expect(toHex(rootHash(size, only(rootNodes(size), read)))).to.equal(wanted);
    }
  });

  it('agree in every inclusion and consistency proof to size 40', () => {
    const { read } = grow(40);
    for (let size = 1; size <= 40; size++) {
      const leaves = entries(size);
      const root = MTH(leaves);
      for (let m = 0; m < size; m++) {
        const path = inclusionProof(m, size, only(inclusionNodes(m, size), read));
        expect(hex(path)).to.deep.equal(hex(PATH(m, leaves)));
        verifyInclusion({ index: m, size, leaf: leafHash(u64(m)), proof: path, root });
        const older = m + 1;
        const proof = consistencyProof(older, size, only(consistencyNodes(older, size), read));
        expect(hex(proof)).to.deep.equal(hex(SUBPROOF(older, leaves, true)));
        verifyConsistency({ sizeA: older, rootA: MTH(entries(older)), sizeB: size, rootB: root, proof });
      }
    }
  });

  it('agree at random larger sizes', () => {
    const largest = 3000;
    const { read } = grow(largest);
    const sizes = fc
      .tuple(fc.integer({ min: 1, max: largest }), fc.nat(largest), fc.nat(largest))
      .map(([size, a, b]) => ({ size, index: a % size, older: 1 + (b % size) }));
    fc.assert(
      fc.property(sizes, ({ size, index, older }) => {
        const leaves = entries(size);
        const root = MTH(leaves);
        const path = inclusionProof(index, size, only(inclusionNodes(index, size), read));
        expect(hex(path)).to.deep.equal(hex(PATH(index, leaves)));
        verifyInclusion({ index, size, leaf: leafHash(u64(index)), proof: path, root });
        const proof = consistencyProof(older, size, only(consistencyNodes(older, size), read));
        expect(hex(proof)).to.deep.equal(hex(SUBPROOF(older, leaves, true)));
        verifyConsistency({ sizeA: older, rootA: MTH(entries(older)), sizeB: size, rootB: root, proof });
      }),
      { numRuns: 40 },
    );
  });

  it('refuse every proof that is changed anywhere', () => {
    const { read } = grow(200);
    const change = fc.record({ hash: fc.nat(20), byte: fc.nat(31), by: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 200 }), fc.nat(199), change, (size, at, { hash, byte, by }) => {
        const index = at % size;
        const root = rootHash(size, read);
        const path = inclusionProof(index, size, read).map((item) => Uint8Array.from(item));
        const spoilt = path[hash % path.length]!;
        spoilt[byte]! ^= by;
        expect(holds(() => verifyInclusion({ index, size, leaf: read(0, index), proof: path, root }))).to.equal(false);

        const sizeA = 1 + (at % (size - 1));
        const proof = consistencyProof(sizeA, size, read).map((item) => Uint8Array.from(item));
        proof[hash % proof.length]![byte]! ^= by;
        const claim = { sizeA, rootA: rootHash(sizeA, read), sizeB: size, rootB: root, proof };
        expect(holds(() => verifyConsistency(claim))).to.equal(false);
      }),
      { numRuns: 300 },
    );
  });

  // A path may fit another size whose right edge has the same shape: the size is bound by the checkpoint, not here.
  it('refuse a proof for any other position of the same tree', () => {
    const { read } = grow(70);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(69), fc.nat(80), (size, at, index) => {
        const proved = at % size;
        const claim = {
          size,
          leaf: read(0, proved),
          proof: inclusionProof(proved, size, read),
          root: rootHash(size, read),
        };
        expect(holds(() => verifyInclusion({ index, ...claim }))).to.equal(index === proved);
      }),
      { numRuns: 500 },
    );
  });

  it('throw nothing but their own error on any input', () => {
    const hashes = fc.array(fc.uint8Array({ minLength: 31, maxLength: 33 }), { maxLength: 8 });
    const hash = fc.uint8Array({ minLength: 31, maxLength: 33 });
    const number = fc.oneof(fc.integer(), fc.double(), fc.maxSafeNat());
    fc.assert(
      fc.property(number, number, hash, hash, hashes, (a, b, leaf, root, proof) => {
        const included = holds(() => verifyInclusion({ index: a, size: b, leaf, proof, root }));
        const consistent = holds(() => verifyConsistency({ sizeA: a, rootA: leaf, sizeB: b, rootB: root, proof }));
        if (included) expect(b).to.equal(1);
        if (consistent) expect(a === b && equalBytes(leaf, root)).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });
});

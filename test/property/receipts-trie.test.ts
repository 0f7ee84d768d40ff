import { createMerkleProof, createMPT, verifyMerkleProof } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 as keccak } from '@noble/hashes/sha3.js';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { equalBytes, toHex } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { decodeHeader, decodeReceipt } from '../../node/core/ethereum.ts';
import { proveReceipt, verifyReceiptProof, type ReceiptClaim } from '../../node/core/receipts-trie.ts';

async function reference(receipts: Uint8Array[]) {
  const trie = await createMPT();
  for (const [i, receipt] of receipts.entries()) await trie.put(RLP.encode(i), receipt);
  return trie;
}

/** The receipt, or undefined where the proof was refused. */
function proved(claim: ReceiptClaim): Uint8Array | undefined {
  try {
    return verifyReceiptProof(claim);
  } catch (error) {
    if (XinlianError.is(error, 'PROOF_INVALID')) return undefined;
    throw error;
  }
}

// Short ones too: their nodes stand in the parent, which real receipts never make.
const receipt = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 6 }),
  fc.uint8Array({ minLength: 30, maxLength: 80 }),
);
const receipts = fc.oneof(
  fc.array(receipt, { minLength: 1, maxLength: 24 }),
  fc.array(receipt, { minLength: 125, maxLength: 135 }),
);

describe('Receipts trie, against @ethereumjs/mpt', () => {
  it('has the same root and the same proofs', async () => {
    await fc.assert(
      fc.asyncProperty(receipts, fc.nat(), async (receipts, at) => {
        const index = at % receipts.length;
        const trie = await reference(receipts);
        const { root, proof } = proveReceipt(receipts, index);
        expect(toHex(root)).to.equal(toHex(trie.root()));
        const nodes = await createMerkleProof(trie, RLP.encode(index));
        // It lists again the nodes that stand in their parent.
        const wanted = nodes.filter(({ length }, i) => i === 0 || length >= 32);
        expect(proof.map(toHex)).to.deep.equal(wanted.map(toHex));
        expect(await verifyMerkleProof(RLP.encode(index), proof)).to.deep.equal(receipts[index]);
        expect(proved({ root, index, proof })).to.deep.equal(receipts[index]);
      }),
      { numRuns: 60 },
    );
  });

  it('holds in blocks beyond 255 receipts', async () => {
    const receipts = Array.from({ length: 300 }, (_, i) => new Uint8Array(40).fill(i % 251));
    const trie = await reference(receipts);
    for (const index of [0, 1, 127, 128, 255, 256, 299]) {
      const { root, proof } = proveReceipt(receipts, index);
      expect(toHex(root)).to.equal(toHex(trie.root()));
      expect(proved({ root, index, proof })).to.deep.equal(receipts[index]);
    }
  });

  it('proves no receipt that the block has not', () => {
    fc.assert(
      fc.property(receipts, fc.nat(), fc.nat(400), (receipts, at, other) => {
        const { root, proof } = proveReceipt(receipts, at % receipts.length);
        // Several short receipts may share their nodes; what is proved is still the right one.
        const got = proved({ root, index: other, proof });
        if (got) expect(equalBytes(got, receipts[other]!)).to.equal(true);
        if (other >= receipts.length) expect(got).to.equal(undefined);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses proofs that are changed, cut or longer', () => {
    fc.assert(
      fc.property(receipts, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (receipts, at, where, by) => {
        const index = at % receipts.length;
        const { root, proof } = proveReceipt(receipts, index);
        expect(proved({ root, index, proof: proof.slice(0, -1) })).to.equal(undefined);
        expect(proved({ root, index, proof: proof.slice(1) })).to.equal(undefined);
        expect(proved({ root, index, proof: [...proof, proof[0]!] })).to.equal(undefined);
        const nodes = proof.map((node) => Uint8Array.from(node));
        const node = nodes[where % nodes.length]!;
        node[where % node.length]! ^= by;
        expect(proved({ root, index, proof: nodes })).to.equal(undefined);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses any proof with its own error alone, even one whose hashes are right', () => {
    const rlp: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
      item: fc.oneof(
        { depthSize: 'small' },
        fc.uint8Array({ maxLength: 40 }),
        fc.array(tie('item'), { maxLength: 3 }),
        fc.array(tie('item'), { minLength: 17, maxLength: 17 }),
        fc.tuple(fc.uint8Array({ maxLength: 3 }), tie('item')),
      ),
    })).item;
    fc.assert(
      fc.property(rlp, fc.nat(130), fc.uint8Array({ maxLength: 40 }), (item, index, junk) => {
        const node = RLP.encode(item as Uint8Array);
        const { root } = proveReceipt([junk], 0);
        proved({ root, index, proof: [node, junk] });
        proved({ root: keccak(node), index, proof: [node, junk] });
        proved({ root: keccak(junk), index, proof: [junk, node] });
      }),
      { numRuns: 1000 },
    );
  });

  it('has no circles in it', () => {
    const node = RLP.encode([Uint8Array.of(0), [Uint8Array.of(0), new Uint8Array(32)]]);
    expect(proved({ root: keccak(node), index: 0, proof: [node] })).to.equal(undefined);
  });
});

describe('Decoders of headers and receipts', () => {
  it('refuse any other bytes with their own error alone', () => {
    const nested = fc.integer({ min: 1, max: 20_000 }).map((depth) => new Uint8Array(depth).fill(0xc1));
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 600 }), nested, fc.array(fc.uint8Array(), { maxLength: 25 }).map((items) => RLP.encode(items))); // prettier-ignore
    fc.assert(
      fc.property(bytes, (bytes) => {
        for (const decode of [decodeHeader, decodeReceipt]) {
          try {
            decode(bytes);
          } catch (error) {
            expect(XinlianError.is(error, 'MALFORMED')).to.equal(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

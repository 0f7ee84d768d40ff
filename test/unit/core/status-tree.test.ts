import { expect } from 'chai';
import { concat, toHex, u64, utf8 } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { sha256 } from '../../../node/core/sha256.ts';
import {
  EMPTY_STATUS,
  proveStatus,
  updateStatusTree,
  verifyStatus,
  type StatusReader,
  type StatusWrite,
} from '../../../node/core/status-tree.ts';

function keep() {
  const nodes = new Map<string, Uint8Array>();
  const read: StatusReader = (depth, prefix) => nodes.get(`${depth}/${prefix}`);
  const apply = (writes: StatusWrite[]) => {
    for (const { depth, prefix, hash } of writes) {
      if (hash) nodes.set(`${depth}/${prefix}`, hash);
      else nodes.delete(`${depth}/${prefix}`);
    }
  };
  return { nodes, read, apply };
}

const withdrawn = utf8('{"state":"annulled"}');
const superseded = utf8('{"by":17,"state":"superseded"}');

describe('Status tree', () => {
  it('of one leaf is that leaf hashed up with empty siblings', () => {
    const position = 5;
    let hash = sha256(concat(Uint8Array.of(0), u64(position), superseded));
    for (let bit = 0; bit < 40; bit++) {
      const zero = new Uint8Array(32);
      const isRight = Math.floor(position / 2 ** bit) % 2 === 1;
      hash = sha256(concat(Uint8Array.of(1), ...(isRight ? [zero, hash] : [hash, zero])));
    }
    const { root, writes } = updateStatusTree(EMPTY_STATUS, () => undefined, new Map([[position, superseded]]));
    expect(toHex(root)).to.equal(toHex(hash));
    expect(writes).to.have.length(41);
    expect(writes.at(-1)).to.deep.include({ depth: 0, prefix: 0 });
  });

  it('is empty again, with no node kept, when every change is taken back', () => {
    const { nodes, read, apply } = keep();
    const first = updateStatusTree(EMPTY_STATUS, read, new Map([[1, withdrawn], [2 ** 40 - 1, superseded]])); // prettier-ignore
    apply(first.writes);
    const last = updateStatusTree(first.root, read, new Map([[1, null], [2 ** 40 - 1, null]])); // prettier-ignore
    apply(last.writes);
    expect(last.root).to.deep.equal(EMPTY_STATUS);
    expect(nodes.size).to.equal(0);
  });

  it('stays as it is without changes', () => {
    const root = sha256(utf8('some root'));
    expect(updateStatusTree(root, () => undefined, new Map())).to.deep.equal({ root, writes: [] });
  });

  it('proves a value, and that there is none', () => {
    const { read, apply } = keep();
    const { root, writes } = updateStatusTree(EMPTY_STATUS, read, new Map([[7, withdrawn], [6, superseded]])); // prettier-ignore
    apply(writes);
    const proof = proveStatus(7, read);
    expect(toHex(proof.bitmap)).to.equal('0x0000000001');
    expect(proof.siblings).to.have.length(1);
    verifyStatus({ position: 7, value: withdrawn, root, ...proof });
    verifyStatus({ position: 8, root, ...proveStatus(8, read) });
    verifyStatus({ position: 0, root: EMPTY_STATUS, bitmap: new Uint8Array(5), siblings: [] });
  });

  describe('a proof', () => {
    const { read, apply } = keep();
    const changes = new Map([3, 7, 6, 1000, 2 ** 39].map((position) => [position, withdrawn]));
    const { root, writes } = updateStatusTree(EMPTY_STATUS, read, changes);
    apply(writes);
    const good = { position: 7, value: withdrawn as Uint8Array | undefined, root, ...proveStatus(7, read) };
    const empty = Uint8Array.from(good.bitmap);
    empty[1]! |= 1;
    const bad: [string, Partial<typeof good>][] = [
      ['another position', { position: 6 }],
      ['a position of 41 bits', { position: 2 ** 40 + 7 }],
      ['another value', { value: superseded }],
      ['no value', { value: undefined }],
      ['another root', { root: EMPTY_STATUS }],
      ['a short bit map', { bitmap: good.bitmap.slice(1) }],
      ['an unset bit', { bitmap: new Uint8Array(5) }],
      ['a set bit with no sibling', { bitmap: empty }],
      ['an empty sibling written out', { bitmap: empty, siblings: [...good.siblings.slice(0, -1), EMPTY_STATUS, ...good.siblings.slice(-1)] }], // prettier-ignore
      ['a missing sibling', { siblings: good.siblings.slice(1) }],
      ['a sibling too many', { siblings: [...good.siblings, root] }],
      ['a short sibling', { siblings: [new Uint8Array(31), ...good.siblings.slice(1)] }],
    ];
    it('holds as it was made', () => verifyStatus(good));
    for (const [what, change] of bad) {
      it(`fails with ${what}`, () => {
        const act = () => verifyStatus({ ...good, ...change });
        expect(act).to.throw(XinlianError).with.nested.include({ code: 'PROOF_INVALID', 'details.link': 'status' });
      });
    }
  });

  it('refuses positions that do not fit', () => {
    for (const position of [-1, 0.5, 2 ** 40, NaN]) {
      const update = () => updateStatusTree(EMPTY_STATUS, () => undefined, new Map([[position, withdrawn]]));
      expect(update).to.throw(XinlianError).with.property('code', 'MALFORMED');
      const prove = () => proveStatus(position, () => undefined);
      expect(prove).to.throw(XinlianError).with.property('code', 'MALFORMED');
    }
  });
});

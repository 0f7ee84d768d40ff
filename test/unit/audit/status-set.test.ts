import { expect } from 'chai';
import * as fc from 'fast-check';
import { StatusSet } from '../../../node/audit/status-set.ts';
import { utf8 } from '../../../node/core/bytes.ts';
import { EMPTY_STATUS } from '../../../node/core/status-tree.ts';
import { referenceStatusRoot } from '../../helpers/reference-trees.ts';

describe('status set', () => {
  it('is the empty tree at first', () => {
    const set = new StatusSet();
    expect(set.root()).to.deep.equal(EMPTY_STATUS);
    expect(set.get(0)).to.equal(undefined);
  });

  it('has the root of the tree after any changes, asked for at any time', () => {
    const position = fc.oneof(fc.nat(20), fc.nat(2 ** 31 - 1), fc.integer({ min: 0, max: 2 ** 40 - 1 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(position, fc.nat(4), fc.boolean()), { maxLength: 40 }), (changes) => {
        const set = new StatusSet();
        const reference = new Map<number, Uint8Array>();
        for (const [at, kind, asked] of changes) {
          const value = kind === 0 ? null : utf8(`{"state":"s${kind}"}`);
          // What is live again is often one of those that are not.
          const place = value === null ? ([...reference.keys()][at % (reference.size || 1)] ?? at) : at;
          set.set(place, value);
          if (value) reference.set(place, value);
          else reference.delete(place);
          if (asked) expect(set.root()).to.deep.equal(referenceStatusRoot(reference));
        }
        expect(set.root()).to.deep.equal(referenceStatusRoot(reference));
        expect(new Map(set.entries())).to.deep.equal(reference);
      }),
    );
  });
});

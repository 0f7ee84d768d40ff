import { expect } from 'chai';
import * as fc from 'fast-check';
import { compareBytes } from '../../node/core/bytes.ts';
import { BUCKETS, key, u32At, u64At } from '../../node/store/buckets.ts';

const u8 = fc.integer({ min: 0, max: 255 });
const u32 = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(0, 1, 255, 256, 2 ** 31, 2 ** 32 - 1));
const u64 = fc.oneof(fc.maxSafeNat(), fc.nat(), fc.constantFrom(0, 255, 256, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1));

type Parts = readonly [number, number, number];
const parts: fc.Arbitrary<Parts> = fc.tuple(u32, u8, u64);
const keyOf = ([log, level, index]: Parts) => key({ u32: log }, { u8: level }, { u64: index });

function compareNumbers(a: Parts, b: Parts): number {
  for (const [i, value] of a.entries()) if (value !== b[i]) return Math.sign(value - b[i]!);
  return 0;
}

describe('Keyspace, by property', () => {
  it('sorts keys as their numbers', () => {
    const near = fc.tuple(parts, parts, fc.nat(3)).map(([a, b, same]) => {
      // Parts that begin alike are where the order could break.
      return [a, b.map((value, i) => (i < same ? a[i]! : value)) as unknown as Parts] as const;
    });
    fc.assert(
      fc.property(near, ([a, b]) => {
        expect(Math.sign(compareBytes(keyOf(a), keyOf(b)))).to.equal(compareNumbers(a, b));
      }),
    );
  });

  it('gives numbers back', () => {
    fc.assert(
      fc.property(parts, ([log, level, index]) => {
        const bytes = keyOf([log, level, index]);
        expect([u32At(bytes, 0), bytes[4], u64At(bytes, 5)]).to.deep.equal([log, level, index]);
      }),
    );
  });

  it('has a number of its own for every bucket, with room behind it', () => {
    const numbers = Object.values<number>(BUCKETS);
    expect(new Set(numbers).size).to.equal(numbers.length);
    for (const number of numbers) expect(number).to.be.within(1, 254);
  });
});

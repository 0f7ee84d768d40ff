import { p256 } from '@noble/curves/nist.js';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { assertP256Point } from '../../node/core/p256.ts';
import { accepts } from '../helpers/code-of.ts';

const P = p256.Point.Fp.ORDER;

const isPoint = (bytes: Uint8Array) => accepts(() => assertP256Point('point', bytes));

function byNoble(bytes: Uint8Array): boolean {
  try {
    if (bytes.length !== 65) return false;
    p256.Point.fromBytes(bytes).assertValidity();
    return true;
  } catch {
    return false;
  }
}

function uncompressed(x: bigint, y: bigint): Uint8Array {
  const hex = (n: bigint) => n.toString(16).padStart(64, '0');
  return new Uint8Array(Buffer.from(`04${hex(x)}${hex(y)}`, 'hex'));
}

const scalar = fc.bigInt({ min: 1n, max: p256.Point.Fn.ORDER - 1n });
const onCurve = scalar.map((n) => p256.Point.BASE.multiply(n).toBytes(false));

describe('Points of P-256, by property', () => {
  it('are those that noble takes', () => {
    fc.assert(
      fc.property(onCurve, (point) => {
        expect([isPoint(point), byNoble(point)]).to.deep.equal([true, true]);
      }),
      { numRuns: 50 },
    );
  });

  it('are no points with one bit turned', () => {
    fc.assert(
      fc.property(onCurve, fc.nat(64), fc.nat(7), (point, at, bit) => {
        const turned = point.slice();
        turned[at]! ^= 1 << bit;
        expect([isPoint(turned), byNoble(turned)]).to.deep.equal([false, false]);
      }),
      { numRuns: 100 },
    );
  });

  it('are told as noble tells them, whatever the bytes', () => {
    const coordinate = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
      fc.constantFrom(0n, 1n, P - 1n, P, P + 1n, 2n ** 256n - 1n),
    );
    const bytes = fc.oneof(
      fc.tuple(coordinate, coordinate).map(([x, y]) => uncompressed(x, y)),
      fc.uint8Array({ minLength: 60, maxLength: 70 }),
      fc.uint8Array({ maxLength: 34 }),
    );
    fc.assert(
      fc.property(bytes, (point) => {
        expect(isPoint(point)).to.equal(byNoble(point));
      }),
      { numRuns: 500 },
    );
  });

  it('have coordinates below the prime: a larger one is no other name of theirs', () => {
    // x = 5 is on the curve, and x + P fits into 32 bytes.
    const { y } = p256.Point.fromHex(`02${'5'.padStart(64, '0')}`).toAffine();
    expect(isPoint(uncompressed(5n, y))).to.equal(true);
    expect(isPoint(uncompressed(5n + P, y))).to.equal(false);
    expect(isPoint(uncompressed(5n, P - y))).to.equal(true);
  });

  it('are not written compressed, hybrid, or as nothing', () => {
    const point = p256.Point.BASE.toBytes(false);
    for (const wrong of [
      p256.Point.BASE.toBytes(true),
      Uint8Array.of(0),
      new Uint8Array(),
      Uint8Array.of(4),
      point.with(0, 6),
      point.with(0, 7),
      new Uint8Array([...point, 0]),
    ]) {
      expect(isPoint(wrong)).to.equal(false);
    }
  });
});

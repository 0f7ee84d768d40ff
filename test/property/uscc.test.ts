import { expect } from 'chai';
import * as fc from 'fast-check';
import { stdnum } from 'stdnum';
import { inspectUscc, makeUscc } from '../../node/core/uscc.ts';
import vectors from '../vectors/uscc.json' with { type: 'json' };

const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY'.split('');
const DIGITS = ALPHABET.slice(0, 10);
const oracle = stdnum.CN!.uscc!;

const uscc = fc
  .record({
    authority: fc.constantFrom('1', '5', '9'),
    category: fc.constantFrom('1', '2', '3'),
    region: fc.integer({ min: 110000, max: 659999 }).map(String),
    body8: fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 8, maxLength: 8 }),
  })
  .map(makeUscc);

describe('USCC, for any code', () => {
  it('agrees with stdnum on every substitution of every character', () => {
    for (const code of vectors.valid) {
      let caught = 0;
      for (let i = 0; i < 18; i++) {
        for (const other of ALPHABET) {
          if (other === code.charAt(i)) continue;
          const wrong = code.slice(0, i) + other + code.slice(i + 1);
          expect(oracle.validate(wrong).isValid, wrong).to.equal(false);
          if (!inspectUscc(wrong).ok) caught++;
        }
      }
      expect(caught).to.equal(540);
    }
  });

  it('catches every transposition of neighbours', () => {
    fc.assert(
      fc.property(uscc, fc.integer({ min: 0, max: 16 }), (code, i) => {
        const swapped = code.slice(0, i) + code.charAt(i + 1) + code.charAt(i) + code.slice(i + 2);
        expect(inspectUscc(swapped).ok).to.equal(swapped === code);
      }),
    );
  });

  it('makes codes whose characters sum to 0 mod 31, with the powers of 3 as weights', () => {
    fc.assert(
      fc.property(uscc, (code) => {
        const values = code.split('').map((character) => BigInt(ALPHABET.indexOf(character)));
        const sum = values.slice(0, 17).reduce((sum, value, i) => sum + value * 3n ** BigInt(i), values[17]!);
        expect(sum % 31n).to.equal(0n);
        expect(inspectUscc(code)).to.include({ ok: true, innerCheck: true });
      }),
    );
  });

  // stdnum takes lower case for upper, and has no character for a remainder of 0, so that it refuses every code in 0
  it('agrees with stdnum on any 18 characters after 8 digits', () => {
    const digits = fc.string({ unit: fc.constantFrom(...DIGITS), minLength: 8, maxLength: 8 });
    const rest = fc.string({ unit: fc.constantFrom(...ALPHABET, 'I', 'Z', '*'), minLength: 9, maxLength: 9 });
    const last = fc.constantFrom(...ALPHABET.slice(1));
    fc.assert(
      fc.property(digits, rest, last, (front, back, check) => {
        const code = front + back + check;
        expect(inspectUscc(code).ok).to.equal(oracle.validate(code).isValid);
      }),
      { numRuns: 3000 },
    );
  });

  it('inspects any text without throwing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
        const inspection = inspectUscc(text);
        expect(inspection.ok).to.equal(vectors.valid.includes(text));
      }),
    );
  });
});

// What every HKDF-Expand must do, in Node and in a browser.
import { expect } from 'chai';
import { fromHex, toHex } from '../../../node/core/bytes.ts';
import type { hkdfExpand as Expand } from '../../../node/core/hkdf.ts';
import { codeOf } from '../../helpers/code-of.ts';
import vectors from '../../vectors/hkdf.json' with { type: 'json' };

const bytes = (hex: string) => fromHex(`0x${hex}`);

export function hkdfSuite(name: string, hkdfExpand: typeof Expand): void {
  describe(`HKDF-Expand ${name}`, () => {
    vectors.cases.forEach(({ prk, info, length, okm }, i) => {
      it(`gives the output of RFC 5869, appendix A.${i + 1}`, () => {
        expect(toHex(hkdfExpand(bytes(prk), bytes(info), length))).to.equal(`0x${okm}`);
      });
    });

    it('leaves the key as it was', () => {
      const key = new Uint8Array(32).fill(5);
      hkdfExpand(key, 'x', 64);
      expect(key).to.deep.equal(new Uint8Array(32).fill(5));
    });

    it('refuses a short key, a length that is none, and more than 255 blocks', () => {
      const key = new Uint8Array(32);
      expect(codeOf(() => hkdfExpand(key.subarray(1), 'x', 32))).to.equal('MALFORMED');
      expect(codeOf(() => hkdfExpand(key, 'x', -1))).to.equal('MALFORMED');
      expect(codeOf(() => hkdfExpand(key, 'x', 1.5))).to.equal('MALFORMED');
      expect(codeOf(() => hkdfExpand(key, 'x', 255 * 32 + 1))).to.equal('TOO_LARGE');
    });
  });
}

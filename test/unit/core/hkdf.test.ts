import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { hkdfExpand as byOpenSsl } from '../../../node/core/hkdf.node.ts';
import { hkdfExpand as inJavaScript } from '../../../node/core/hkdf.ts';
import { codeOf } from '../../helpers/code-of.ts';
import vectors from '../../vectors/hkdf.json' with { type: 'json' };

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

/** RFC 5869, section 2.3, as it is written. */
function reference(key: Uint8Array, info: string, length: number): Uint8Array {
  const blocks: Buffer[] = [];
  for (let i = 1; 32 * blocks.length < length; i++) {
    const previous = blocks.at(-1) ?? Buffer.alloc(0);
    blocks.push(createHmac('sha256', key).update(previous).update(info).update(Buffer.of(i)).digest());
  }
  return Uint8Array.from(Buffer.concat(blocks).subarray(0, length));
}

for (const [name, hkdfExpand] of Object.entries({ 'by OpenSSL': byOpenSsl, 'in JavaScript': inJavaScript })) {
  describe(`HKDF-Expand ${name}`, () => {
    vectors.cases.forEach(({ prk, info, length, okm }, i) => {
      it(`gives the output of RFC 5869, appendix A.${i + 1}`, () => {
        expect(Buffer.from(hkdfExpand(bytes(prk), bytes(info), length)).toString('hex')).to.equal(okm);
      });
    });

    for (const keyLength of [32, 33, 64, 65, 100]) {
      it(`is the plain reference under a key of ${keyLength} bytes, to the last block`, () => {
        const key = Uint8Array.from({ length: keyLength }, (_, i) => (i * 7 + 1) & 255);
        for (const length of [0, 1, 31, 32, 33, 64, 1056, 255 * 32]) {
          expect(Uint8Array.from(hkdfExpand(key, '标签', length))).to.deep.equal(reference(key, '标签', length));
        }
      });
    }

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

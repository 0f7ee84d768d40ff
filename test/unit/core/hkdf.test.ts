import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { hkdfExpand as byOpenSsl } from '../../../node/core/hkdf.node.ts';
import { hkdfExpand as inJavaScript } from '../../../node/core/hkdf.ts';
import { hkdfSuite } from './hkdf-suite.ts';

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
  hkdfSuite(name, hkdfExpand);

  describe(`HKDF-Expand ${name}`, () => {
    for (const keyLength of [32, 33, 64, 65, 100]) {
      it(`is the plain reference under a key of ${keyLength} bytes, to the last block`, () => {
        const key = Uint8Array.from({ length: keyLength }, (_, i) => (i * 7 + 1) & 255);
        for (const length of [0, 1, 31, 32, 33, 64, 1056, 255 * 32]) {
          expect(Uint8Array.from(hkdfExpand(key, '标签', length))).to.deep.equal(reference(key, '标签', length));
        }
      });
    }
  });
}

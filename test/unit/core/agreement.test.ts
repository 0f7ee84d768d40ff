import { p256 } from '@noble/curves/nist.js';
import { expect } from 'chai';
import * as byNoble from '../../../node/core/agreement.ts';
import * as byOpenSsl from '../../../node/core/agreement.node.ts';

type AgreementSuite = typeof byNoble | typeof byOpenSsl;

const ALTERNATES: [string, AgreementSuite][] = [
  ['noble', byNoble],
  ['OpenSSL', byOpenSsl],
];

function turned(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at]! ^= 1;
  return copy;
}

/** A point, and what is none. */
const point = p256.getPublicKey(p256.keygen().secretKey, false);
const NO_POINTS = [turned(point, 64), point.subarray(0, 64), new Uint8Array(65), new Uint8Array()];

for (const [name, { agreeEphemerally, newAgreement }] of ALTERNATES) {
  describe(`Ephemeral agreement by ${name}`, () => {
    it('shares with the recipient what it shares with the fresh point, and is fresh every time', () => {
      const { secretKey } = p256.keygen();
      const points = [true, false].map((compressed) => p256.getPublicKey(secretKey, compressed));
      const agreed = points.map((recipient) => agreeEphemerally(recipient));
      for (const { point, secret } of agreed) {
        expect([point.length, point[0], secret.length]).to.deep.equal([65, 4, 32]);
        expect(secret).to.deep.equal(p256.getSharedSecret(secretKey, point, true).slice(1));
      }
      expect(agreed[0]!.point).to.not.deep.equal(agreed[1]!.point);
    });

    it('is with points of the curve alone', () => {
      for (const wrong of NO_POINTS) expect(() => agreeEphemerally(wrong)).to.throw();
    });
  });

  describe(`A key to agree with, by ${name}`, () => {
    it('is a new one each time, whose secret gives the same key again', async () => {
      const [one, other] = [newAgreement(), newAgreement()];
      expect(one.secretKey).to.not.deep.equal(other.secretKey);
      expect([one.secretKey.length, one.publicKey.length]).to.deep.equal([32, 33]);
      expect(newAgreement(one.secretKey).publicKey).to.deep.equal(one.publicKey);
      expect(await one.deriveBits(other.publicKey)).to.deep.equal(await other.deriveBits(one.publicKey));
    });

    it('agrees as the other alternate does, a scalar with zeros in front too', async () => {
      const scalar = new Uint8Array(32);
      scalar[31] = 7;
      const expected = p256.getSharedSecret(scalar, point, true).slice(1);
      const made = newAgreement(scalar);
      expect(made.secretKey).to.deep.equal(scalar);
      expect(made.publicKey).to.deep.equal(p256.getPublicKey(scalar, true));
      expect(new Uint8Array(await made.deriveBits(point))).to.deep.equal(expected);
    });

    it('is with points of the curve alone', () => {
      for (const wrong of NO_POINTS) expect(() => newAgreement().deriveBits(wrong)).to.throw();
    });

    it('takes no scalar beyond the order', () => {
      for (const wrong of [new Uint8Array(32), new Uint8Array(32).fill(255)]) {
        expect(() => newAgreement(wrong)).to.throw();
      }
    });
  });
}

import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import { signJws } from '../../../node/core/jws.ts';
import { parseRevocations, signRevocations, verifyRevocations } from '../../../node/core/revocations.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { rejection } from '../../helpers/rejection.ts';

const { secretKey, publicKey } = ed25519.keygen();
const signer = { sign: (message: Uint8Array) => ed25519.sign(message, secretKey) };
const list = { iss: `0x${'c1'.repeat(32)}`, iat: 1_780_000_000, revoked: ['A'.repeat(22), 'B'.repeat(22)] };

describe('Revocation list', () => {
  it('is read as it was signed, an empty one too, and verified under its issuer’s key', async () => {
    for (const one of [list, { ...list, revoked: [] }]) {
      const read = parseRevocations(await signRevocations(one, signer));
      expect(read.list).to.deep.equal(one);
      await verifyRevocations(read.jws, publicKey, 'centre');
      const other = ed25519.keygen().publicKey;
      expect(await rejection(verifyRevocations(read.jws, other, 'centre'))).to.have.property(
        'code',
        'SIGNATURE_INVALID',
      );
    }
  });

  it('is refused in any other form', async () => {
    for (const change of [
      { revoked: 'A'.repeat(22) },
      { revoked: ['short'] },
      { revoked: [7] },
      { iat: -1 },
      { iat: '2026' },
      { iss: 'centre' },
      { next: 'more' },
    ]) {
      const text = await signJws('xinlian-revocations+jwt', { ...list, ...change }, signer);
      expect(
        codeOf(() => parseRevocations(text)),
        JSON.stringify(change),
      ).to.equal('MALFORMED');
    }
    const certificate = await signJws('xinlian-subject+jwt', list, signer);
    expect(codeOf(() => parseRevocations(certificate))).to.equal('MALFORMED');
  });
});

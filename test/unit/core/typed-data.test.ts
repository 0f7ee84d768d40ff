import { expect } from 'chai';
import { SigningKey, recoverAddress, computeAddress, id } from 'ethers';
import type { Hex } from '../../../node/core/bytes.ts';
import { parseMemberId } from '../../../node/core/ids.ts';
import { KEY_ROTATION_TYPES, typedDataDigest, xinlianDomain, type KeyRotation } from '../../../node/core/typed-data.ts';
import { codeOf } from '../../helpers/code-of.ts';
import vectors from '../../vectors/typed-data.json' with { type: 'json' };

const { domain, message, digest } = vectors.keyRotation;
const at = { ...domain, verifyingContract: domain.verifyingContract as Hex, deployment: domain.deployment as Hex };
const rotation: KeyRotation = {
  member: parseMemberId(message.member),
  previous: message.previous as Hex,
  current: message.current as Hex,
};

describe('typed data', () => {
  it('gives the digest of the "Mail" example of EIP-712', () => {
    const mail = {
      name: 'Ether Mail',
      version: '1',
      chainId: 1,
      verifyingContract: '0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC',
    };
    const types = {
      Person: [
        { name: 'name', type: 'string' },
        { name: 'wallet', type: 'address' },
      ],
      Mail: [
        { name: 'from', type: 'Person' },
        { name: 'to', type: 'Person' },
        { name: 'contents', type: 'string' },
      ],
    };
    const letter = {
      from: { name: 'Cow', wallet: '0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826' },
      to: { name: 'Bob', wallet: '0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB' },
      contents: 'Hello, Bob!',
    };
    expect(typedDataDigest(mail, types, letter)).to.equal(
      '0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2',
    );
  });

  it('gives the digest of a key rotation that the contracts compute', () => {
    expect(typedDataDigest(xinlianDomain(at), KEY_ROTATION_TYPES, rotation)).to.equal(digest);
  });

  it('is what the new account signs', () => {
    const key = new SigningKey(id('a new account'));
    const current = computeAddress(key) as Hex;
    const signed = typedDataDigest(xinlianDomain(at), KEY_ROTATION_TYPES, { ...rotation, current });
    expect(recoverAddress(signed, key.sign(signed))).to.equal(current);
  });

  const others: Partial<typeof at>[] = [
    { chainId: 1 },
    { verifyingContract: rotation.current },
    { deployment: `0x${'22'.repeat(32)}` },
  ];
  for (const other of others) {
    it(`differs by ${Object.keys(other).join()}`, () => {
      expect(typedDataDigest(xinlianDomain({ ...at, ...other }), KEY_ROTATION_TYPES, rotation)).not.to.equal(digest);
    });
  }

  it('refuses a message that is not of the types, and a domain that is none', () => {
    const digestOf = (part: object) => typedDataDigest(xinlianDomain(at), KEY_ROTATION_TYPES, { ...rotation, ...part });
    expect(codeOf(() => digestOf({ member: '0x00' }))).to.equal('MALFORMED');
    expect(codeOf(() => digestOf({ current: undefined }))).to.equal('MALFORMED');
    const wrong = xinlianDomain({ ...at, deployment: '0x00' });
    expect(codeOf(() => typedDataDigest(wrong, KEY_ROTATION_TYPES, rotation))).to.equal('MALFORMED');
  });
});

import { secp256k1 } from '@noble/curves/secp256k1.js';
import { expect } from 'chai';
import { getAddress, Wallet } from 'ethers';
import {
  addressOf,
  checksumAddress,
  localAccount,
  newAccountSecret,
  recoverSigner,
} from '../../../node/core/account.ts';
import { concat, fromHex, toHex, utf8, type Hex } from '../../../node/core/bytes.ts';
import { sha256 } from '#sha256';
import { codeOf } from '../../helpers/code-of.ts';
import { rejection } from '../../helpers/rejection.ts';

const secret = sha256(utf8('a secret of a test'));
const wallet = new Wallet(toHex(secret));
const digest = sha256(utf8('what is signed'));
const ORDER = secp256k1.Point.Fn.ORDER;

describe('Account', () => {
  it('has the address that ethers gives it', () => {
    for (let i = 0; i < 20; i++) {
      const key = sha256(utf8(`secret ${i}`));
      expect(localAccount(key).address).to.equal(new Wallet(toHex(key)).address);
      expect(addressOf(secp256k1.getPublicKey(key, false))).to.equal(new Wallet(toHex(key)).address);
    }
  });

  it('writes addresses as EIP-55 does', () => {
    // Those of the EIP itself.
    for (const address of [
      '0x52908400098527886E0F7030069857D2E4169EE7',
      '0x8617E340B3D01FA5F11F306F4090FD50E238070D',
      '0xde709f2102306220921060314715629080e2fb77',
      '0x27b1fdb04752bbc536007a920d24acb045561c26',
      '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
      '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
      '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
      '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
    ]) {
      expect(checksumAddress(address.toLowerCase())).to.equal(address);
      expect(checksumAddress(address)).to.equal(getAddress(address.toLowerCase()));
    }
  });

  it('signs as ethers does, bit for bit', async () => {
    for (let i = 0; i < 20; i++) {
      const message = sha256(utf8(`message ${i}`));
      const signature = await localAccount(secret).sign(message);
      expect(signature).to.equal(wallet.signingKey.sign(message).serialized);
      expect(recoverSigner(toHex(message), signature, 'test')).to.equal(wallet.address.toLowerCase());
    }
  });

  it('signs digests of 32 bytes alone', async () => {
    for (const length of [0, 31, 33])
      expect(await rejection(localAccount(secret).sign(new Uint8Array(length)))).to.have.property('code', 'MALFORMED');
  });

  it('is new every time', () => {
    const [first, second] = [newAccountSecret(), newAccountSecret()];
    expect([first.length, toHex(first) === toHex(second)]).to.deep.equal([32, false]);
  });

  describe('that signed', () => {
    let signature: Hex;

    before(async () => {
      signature = await localAccount(secret).sign(digest);
    });

    const recover = (changed: string, of = digest) => recoverSigner(toHex(of), changed, 'test');
    const parts = () => {
      const bytes = fromHex(signature);
      return { r: bytes.subarray(0, 32), s: bytes.subarray(32, 64), v: bytes[64]! };
    };
    const word = (value: bigint) => fromHex(`0x${value.toString(16).padStart(64, '0')}`);

    it('is not found behind the other s, which any carrier could make', () => {
      const { r, s, v } = parts();
      const high = toHex(concat(r, word(ORDER - BigInt(toHex(s))), Uint8Array.of(v === 27 ? 28 : 27)));
      expect(codeOf(() => recover(high))).to.equal('SIGNATURE_INVALID');
    });

    it('is not found with another v', () => {
      const { r, s } = parts();
      for (const v of [0, 1, 2, 26, 29, 30, 35, 255])
        expect(
          codeOf(() => recover(toHex(concat(r, s, Uint8Array.of(v))))),
          `${v}`,
        ).to.equal('SIGNATURE_INVALID');
    });

    it('is not found where r or s is out of range', () => {
      const { r, s, v } = parts();
      for (const wrong of [0n, ORDER, ORDER + 1n, 2n ** 256n - 1n]) {
        const last = Uint8Array.of(v);
        expect(codeOf(() => recover(toHex(concat(word(wrong), s, last))))).to.equal('SIGNATURE_INVALID');
        expect(codeOf(() => recover(toHex(concat(r, word(wrong), last))))).to.equal('SIGNATURE_INVALID');
      }
    });

    it('is another for any other digest or signature', () => {
      for (const at of [0, 31, 32, 63]) {
        const bytes = fromHex(signature);
        bytes[at]! ^= 1;
        let found: string;
        try {
          found = recover(toHex(bytes));
        } catch {
          continue;
        }
        expect(found).to.not.equal(wallet.address.toLowerCase());
      }
      expect(recover(signature, sha256(digest))).to.not.equal(wallet.address.toLowerCase());
    });

    it('is asked of 65 bytes alone', () => {
      for (const wrong of [
        '',
        '0x',
        signature.slice(0, -2),
        `${signature}00`,
        signature.slice(2),
        `${signature.slice(0, -1)}g`,
      ])
        expect(codeOf(() => recover(wrong))).to.equal('MALFORMED');
    });
  });
});

// What every key provider does, wherever its keys are.
import { verify } from 'node:crypto';
import { inspect } from 'node:util';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { expect } from 'chai';
import { getAddress, recoverAddress } from 'ethers';
import { fromHex, toHex, utf8 } from '../../../node/core/bytes.ts';
import type { Hex } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import type { ErrorCode } from '../../../node/core/errors.ts';
import type { PublicKeys } from '../../../node/keys/local-keys.ts';
import type { Ed25519Key, KeyProvider, MemberKeys } from '../../../node/keys/provider.ts';

/** A provider that has keys for members 1 and 2. */
export interface ProvidedKeys {
  provider: KeyProvider;
  publicKeys: [PublicKeys, PublicKeys];
  end: () => Promise<void>;
}

export const memberId = (n: number): Hex => `0x${String(n).padStart(64, '0')}`;

/** Takes synchronous answers and errors too, as the ports allow. */
export async function codeOf(act: () => unknown): Promise<ErrorCode | 'none'> {
  try {
    await act();
    return 'none';
  } catch (error) {
    if (XinlianError.is(error)) return error.code;
    throw error;
  }
}

export function providerSuite(name: string, create: () => Promise<ProvidedKeys>): void {
  describe(name, () => {
    let provided: ProvidedKeys;
    let keys: MemberKeys;

    before(async () => {
      provided = await create();
      keys = await provided.provider.open(memberId(1));
    });

    after(async () => {
      await provided.provider.close();
      await provided.end();
    });

    it('has the public keys that the file was made with', () => {
      const [expected] = provided.publicKeys;
      expect(keys.checkpoint.publicKey).to.deep.equal(expected.checkpoint);
      expect(keys.client.publicKey).to.deep.equal(expected.client);
      expect(keys.sealing.publicKey).to.deep.equal(expected.sealing);
      expect(keys.transaction.address).to.equal(expected.transaction);
      expect(keys.nodePeer.publicKey).to.deep.equal(expected.nodePeer);
      expect(keys.gatewayPeer.publicKey).to.deep.equal(expected.gatewayPeer);
    });

    it('signs with Ed25519', async () => {
      const signers: Ed25519Key[] = [keys.checkpoint, keys.client];
      for (const key of signers) {
        for (const message of [utf8('检查点'), new Uint8Array(0), new Uint8Array(100_000)]) {
          const signature = await key.sign(message);
          expect(signature).to.have.length(64);
          expect(ed25519.verify(signature, message, key.publicKey)).to.equal(true);
          const x = Buffer.from(key.publicKey).toString('base64url');
          const publicKey = { key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' } as const;
          expect(verify(null, message, publicKey, signature)).to.equal(true);
        }
      }
    });

    it('signs digests for its address, repeatably and with low s', async () => {
      expect(keys.transaction.address).to.equal(getAddress(keys.transaction.address.toLowerCase()));
      const vs = new Set<string>();
      for (let i = 0; i < 16; i++) {
        const digest = new Uint8Array(32).fill(i);
        const signature = await keys.transaction.sign(digest);
        expect(recoverAddress(toHex(digest), signature)).to.equal(keys.transaction.address);
        expect(await keys.transaction.sign(digest)).to.equal(signature);
        expect(BigInt(`0x${signature.slice(66, 130)}`) <= secp256k1.Point.Fn.ORDER / 2n).to.equal(true);
        vs.add(signature.slice(130));
      }
      expect([...vs].sort()).to.deep.equal(['1b', '1c']);
    });

    it('signs nothing but 32 bytes as a digest', async () => {
      expect(await codeOf(() => keys.transaction.sign(new Uint8Array(31)))).to.equal('MALFORMED');
      expect(await codeOf(() => keys.transaction.sign(new Uint8Array(33)))).to.equal('MALFORMED');
    });

    it('agrees on what its peer agrees on', async () => {
      for (let i = 1; i <= 8; i++) {
        const secret = new Uint8Array(32).fill(i);
        const expected = p256.getSharedSecret(secret, keys.sealing.publicKey).subarray(1);
        for (const compressed of [true, false]) {
          expect(await keys.sealing.deriveBits(p256.getPublicKey(secret, compressed))).to.deep.equal(expected);
        }
      }
    });

    it('refuses what is no point of the curve', async () => {
      const point = p256.getPublicKey(new Uint8Array(32).fill(1), false);
      const offCurve = point.slice();
      offCurve[64]! ^= 1;
      const hybrid = point.slice();
      hybrid[0] = 6 + (point[64]! & 1);
      const bad = [offCurve, hybrid, point.subarray(1), new Uint8Array(0), Uint8Array.of(0), new Uint8Array(33)];
      for (const each of [...bad, new Uint8Array(33).fill(0xff).fill(2, 0, 1)]) {
        expect(await codeOf(() => keys.sealing.deriveBits(each))).to.equal('MALFORMED');
      }
    });

    it('exports the seeds of peer keys, each time as a copy', async () => {
      for (const key of [keys.nodePeer, keys.gatewayPeer]) {
        const seed = await key.exportSeed();
        expect(ed25519.getPublicKey(seed)).to.deep.equal(key.publicKey);
        seed.fill(0);
        expect(ed25519.getPublicKey(await key.exportSeed())).to.deep.equal(key.publicKey);
      }
    });

    it('wraps keys and unwraps them, and nothing else', async () => {
      const key = Uint8Array.from({ length: 32 }, (_, i) => i);
      const wrapped = await keys.vault.wrap(key);
      expect(wrapped).to.have.length(40);
      expect(await keys.vault.unwrap(wrapped)).to.deep.equal(key);
      for (const i of [0, 7, 8, 39]) {
        const changed = wrapped.slice();
        changed[i]! ^= 1;
        expect(await codeOf(() => keys.vault.unwrap(changed))).to.equal('MALFORMED');
      }
      expect(await codeOf(() => keys.vault.unwrap(wrapped.subarray(8)))).to.equal('MALFORMED');
      expect(await codeOf(() => keys.vault.wrap(key.subarray(8)))).to.equal('MALFORMED');
      const other = await provided.provider.open(memberId(2));
      expect(await codeOf(() => other.vault.unwrap(wrapped))).to.equal('MALFORMED');
    });

    it('serves many members, each with its own keys', async () => {
      const other = await provided.provider.open(memberId(2));
      expect(other.transaction.address).to.equal(provided.publicKeys[1].transaction);
      const message = utf8('x');
      expect(ed25519.verify(await other.checkpoint.sign(message), message, keys.checkpoint.publicKey)).to.equal(false);
    });

    it('opens a member once', async () => {
      expect(await provided.provider.open(memberId(1))).to.equal(keys);
    });

    it('says which keys it cannot have', async () => {
      expect(await codeOf(() => provided.provider.open(memberId(3)))).to.equal('KEY_UNAVAILABLE');
      for (const bad of ['', '0x1', `0x${'A'.repeat(64)}`, `../${memberId(1)}`, `${memberId(1)}\n`]) {
        expect(await codeOf(() => provided.provider.open(bad))).to.equal('MALFORMED');
      }
    });

    it('shows no secret when printed', async () => {
      const seed = await keys.nodePeer.exportSeed();
      const shown = [inspect(keys, { depth: 20, showHidden: true }), JSON.stringify(keys), inspect(provided.provider)];
      for (const text of shown) {
        expect(text).not.to.include(toHex(seed).slice(2));
        expect(text).not.to.include([...seed].join(','));
      }
    });

    it('is of no use once closed', async () => {
      const own = await create();
      const opened = await own.provider.open(memberId(1));
      await own.provider.close();
      await own.provider.close();
      const digest = fromHex(memberId(1));
      const acts = [
        () => own.provider.open(memberId(1)),
        () => opened.checkpoint.sign(digest),
        () => opened.sealing.deriveBits(keys.sealing.publicKey),
        () => opened.transaction.sign(digest),
        () => opened.nodePeer.exportSeed(),
        () => opened.vault.wrap(digest),
        () => opened.vault.unwrap(new Uint8Array(40)),
      ];
      for (const act of acts) expect(await codeOf(act)).to.equal('CLOSED');
      await own.end();
    });
  });
}

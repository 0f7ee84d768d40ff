import { expect } from 'chai';
import { p256 } from '@noble/curves/nist.js';
import { CompactEncrypt, compactDecrypt, importJWK } from 'jose';
import { concat, fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { ENCRYPTIONS, openJwe, sealJwe, type Agreement } from '../../../node/core/jwe.ts';
import { sha256 } from '#sha256';
import { rejection } from '../../helpers/rejection.ts';

const { secretKey, publicKey } = p256.keygen();
const agreement: Agreement = { deriveBits: (peer) => p256.getSharedSecret(secretKey, peer, true).subarray(1) };

function jwk(secret: Uint8Array) {
  const point = p256.getPublicKey(secret, false);
  const [x, y] = [toBase64Url(point.subarray(1, 33)), toBase64Url(point.subarray(33))];
  return { kty: 'EC', crv: 'P-256', x, y, d: toBase64Url(secret) };
}

const privateJwk = jwk(secretKey);
const publicJwk = { kty: 'EC', crv: 'P-256', x: privateJwk.x, y: privateJwk.y };

async function byJose(
  text: string,
  { alg = 'ECDH-ES', enc = 'A256GCM', ...more }: { alg?: string; enc?: string; cty?: string; zip?: string } = {},
  agreed: { apu?: Uint8Array; apv?: Uint8Array } = {},
): Promise<string> {
  const encrypt = new CompactEncrypt(utf8(text)).setProtectedHeader({ alg, enc, ...more });
  if (agreed.apu || agreed.apv) encrypt.setKeyManagementParameters(agreed);
  return encrypt.encrypt(await importJWK(publicJwk, alg));
}

describe('JWE', () => {
  for (const enc of ENCRYPTIONS) {
    for (const length of [0, 1, 16, 5_000]) {
      it(`of ${length} bytes under ${enc} is opened by jose, and jose's by us`, async () => {
        const text = '信'.repeat(length);
        const sealed = await sealJwe(utf8(text), publicKey, 'JWT', enc);
        const opened = await compactDecrypt(sealed, await importJWK(privateJwk, 'ECDH-ES'));
        expect(fromUtf8(opened.plaintext)).to.equal(text);
        expect(opened.protectedHeader).to.include({ alg: 'ECDH-ES', enc, cty: 'JWT' });

        const { plaintext, contentType } = await openJwe(await byJose(text, { enc, cty: 'text' }), agreement);
        expect(fromUtf8(plaintext)).to.equal(text);
        expect(contentType).to.equal('text');
      });
    }

    it(`under ${enc} is refused where any part was changed`, async () => {
      const parts = (await sealJwe(utf8('what is sealed'), publicKey, undefined, enc)).split('.');
      for (const i of [0, 2, 3, 4]) {
        const bytes = fromBase64Url(parts[i]!);
        bytes[bytes.length - 1]! ^= 1;
        const changed = parts.with(i, toBase64Url(bytes)).join('.');
        const { code } = (await rejection(openJwe(changed, agreement))) as { code: string };
        expect(code).to.be.oneOf(['SIGNATURE_INVALID', 'MALFORMED']);
      }
    });
  }

  it('takes an uncompressed key, and has no content type where none is given', async () => {
    const sealed = await sealJwe(utf8('a'), p256.getPublicKey(secretKey, false));
    expect(await openJwe(sealed, agreement)).to.not.have.property('contentType');
  });

  it('agrees on the key with apu and apv, as in RFC 7518, section 4.6.2', async () => {
    const agreed = { apu: utf8('Alice'), apv: utf8('Bob') };
    const { plaintext } = await openJwe(await byJose('a', {}, agreed), agreement);
    expect(plaintext).to.deep.equal(utf8('a'));
  });

  it('derives the shared secret and the key of RFC 7518, appendix C', async () => {
    const alice = {
      x: 'gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0',
      y: 'SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps',
      d: '0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo',
    };
    const bob = { x: 'weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ', d: 'VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw' };
    const point = concat(Uint8Array.of(4), fromBase64Url(alice.x, 32), fromBase64Url(alice.y, 32));
    const secret = p256.getSharedSecret(fromBase64Url(bob.d), point, true).subarray(1);
    expect([...secret.subarray(0, 8)]).to.deep.equal([158, 86, 217, 29, 129, 113, 53, 211]);
    // The appendix's own derivation is for A128GCM: what is hashed differs from ours by the algorithm and its bits alone.
    const u32 = (value: number) => Uint8Array.of(value >> 24, value >> 16, value >> 8, value);
    const part = (text: string) => concat(u32(text.length), utf8(text));
    const derive = (algorithm: string, bits: number) =>
      sha256(concat(u32(1), secret, part(algorithm), part('Alice'), part('Bob'), u32(bits)));
    expect(toBase64Url(derive('A128GCM', 128).subarray(0, 16))).to.equal('VqqN6vgjbSBcIijNcacQGg');

    const header = {
      alg: 'ECDH-ES',
      enc: 'A256GCM',
      apu: 'QWxpY2U',
      apv: 'Qm9i',
      epk: { kty: 'EC', crv: 'P-256', x: alice.x, y: alice.y },
    };
    const encoded = toBase64Url(utf8(JSON.stringify(header)));
    const key = await crypto.subtle.importKey('raw', new Uint8Array(derive('A256GCM', 256)), 'AES-GCM', false, [
      'encrypt',
    ]);
    const iv = new Uint8Array(12);
    const algorithm = { name: 'AES-GCM', iv, additionalData: new Uint8Array(utf8(encoded)) };
    const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, new Uint8Array(utf8('appendix C'))));
    const jwe = `${encoded}..${toBase64Url(iv)}.${toBase64Url(sealed.subarray(0, -16))}.${toBase64Url(sealed.subarray(-16))}`;
    const { plaintext } = await openJwe(jwe, {
      deriveBits: (peer) => {
        expect(peer).to.deep.equal(point);
        return secret;
      },
    });
    expect(plaintext).to.deep.equal(utf8('appendix C'));
  });

  describe('is refused', () => {
    let parts: string[];

    beforeEach(async () => {
      parts = (await sealJwe(utf8('what is sealed'), publicKey)).split('.');
    });

    const refuse = async (jwe: string, ...codes: string[]) =>
      expect(await rejection(openJwe(jwe, agreement)), jwe)
        .to.have.property('code')
        .that.is.oneOf(codes);

    it('where any part was changed', async () => {
      for (const [i, part] of parts.entries()) {
        if (part === '') {
          await refuse(parts.with(i, 'AAAA').join('.'), 'MALFORMED');
          continue;
        }
        for (const at of [0, Math.floor(part.length / 2), part.length - 2]) {
          const changed = `${part.slice(0, at)}${part[at] === 'B' ? 'C' : 'B'}${part.slice(at + 1)}`;
          await refuse(parts.with(i, changed).join('.'), 'MALFORMED', 'SIGNATURE_INVALID');
        }
        await refuse(parts.with(i, '').join('.'), 'MALFORMED', 'SIGNATURE_INVALID');
      }
    });

    it('to another key', async () => {
      const other = p256.keygen().secretKey;
      const deriveBits = (peer: Uint8Array) => p256.getSharedSecret(other, peer, true).subarray(1);
      expect(await rejection(openJwe(parts.join('.'), { deriveBits }))).to.have.property('code', 'SIGNATURE_INVALID');
    });

    it('in another form or with other algorithms', async () => {
      await refuse(parts.slice(1).join('.'), 'MALFORMED');
      await refuse([...parts, ''].join('.'), 'MALFORMED');
      await refuse(await byJose('a', { alg: 'ECDH-ES+A256KW' }), 'MALFORMED');
      await refuse(await byJose('a', { enc: 'A128GCM' }), 'MALFORMED');
      await refuse('A'.repeat(2 ** 22 + 1), 'TOO_LARGE');
    });

    it('with a header that is not one', async () => {
      const header = JSON.parse(fromUtf8(fromBase64Url(parts[0]!))) as Record<string, unknown>;
      const headers: unknown[] = [
        'no object',
        null,
        [],
        { ...header, crit: ['exp'] },
        { ...header, zip: 'DEF' },
        { ...header, epk: undefined },
        { ...header, epk: 'text' },
        { ...header, epk: { ...(header['epk'] as object), crv: 'P-384' } },
        { ...header, epk: { ...(header['epk'] as object), y: toBase64Url(new Uint8Array(32).fill(1)) } },
        { ...header, epk: { ...(header['epk'] as object), x: 7 } },
      ];
      for (const wrong of headers)
        await refuse(parts.with(0, toBase64Url(utf8(JSON.stringify(wrong)))).join('.'), 'MALFORMED');
      await refuse(parts.with(0, toBase64Url(utf8('{'))).join('.'), 'MALFORMED');
      await refuse(parts.with(0, toBase64Url(Uint8Array.of(0xff))).join('.'), 'MALFORMED');
    });
  });
});

import { p256 } from '@noble/curves/nist.js';
import { expect } from 'chai';
import { generateKeyPairSync } from 'node:crypto';
import { toBase64Url } from '../../../node/core/bytes.ts';
import { algorithmOf, ed25519Jwk, p256Jwk, p256Point, parsePublicJwk } from '../../../node/core/jwk.ts';
import { codeOf } from '../../helpers/code-of.ts';

const ed = ed25519Jwk(new Uint8Array(32).fill(5));
const point = p256.getPublicKey(new Uint8Array(32).fill(6), false);
const ec = p256Jwk(point);

function rsa(bits: number): { kty: 'RSA'; n: string; e: string } {
  const modulus = new Uint8Array(Math.ceil(bits / 8)).fill(0xff);
  modulus[0] = 0xff >> (modulus.length * 8 - bits);
  return { kty: 'RSA', n: toBase64Url(modulus), e: 'AQAB' };
}

describe('JWK', () => {
  it('has the algorithm of its kind', () => {
    const keys = [ed, ec, parsePublicJwk(rsa(2048))];
    expect(keys.map((jwk) => algorithmOf(parsePublicJwk(jwk)))).to.deep.equal(['EdDSA', 'ES256', 'RS256']);
  });

  it('is had from keys as Node writes them, without their private parts', () => {
    for (const kind of [
      () => generateKeyPairSync('ed25519'),
      () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
    ]) {
      const { publicKey, privateKey } = kind();
      const jwk = publicKey.export({ format: 'jwk' });
      expect(parsePublicJwk(jwk)).to.deep.equal(jwk);
      expect(codeOf(() => parsePublicJwk(privateKey.export({ format: 'jwk' })))).to.equal('MALFORMED');
    }
  });

  it('of P-256 is a point, either way it is written', () => {
    expect(p256Point(ec)).to.deep.equal(point);
    expect(p256Jwk(p256.getPublicKey(new Uint8Array(32).fill(6), true))).to.deep.equal(ec);
    for (const wrong of [new Uint8Array(), point.subarray(1), new Uint8Array(33).fill(2, 0, 1), new Uint8Array(65)]) {
      // x = 0 is on the curve: its y exists.
      const isPoint = wrong.length === 33;
      if (isPoint) expect(p256Jwk(wrong).x).to.equal('A'.repeat(43));
      else expect(codeOf(() => p256Jwk(wrong))).to.equal('MALFORMED');
    }
  });

  it('of RSA has 2,048 to 4,096 bits, in their one form', () => {
    for (const bits of [2048, 2049, 3072, 4096]) {
      expect(parsePublicJwk(rsa(bits)), `${bits}`).to.deep.equal(rsa(bits));
    }
    const { n } = rsa(2048);
    const wrong: Record<string, object> = {
      '2,047 bits': rsa(2047),
      '1,024 bits in the length of 2,048': {
        ...rsa(2048),
        n: toBase64Url(new Uint8Array(256).fill(0xff, 128)),
      },
      'a zero in front': { ...rsa(2048), n: toBase64Url(new Uint8Array(257).fill(0xff, 1)) },
      '4,097 bits': rsa(4097),
      'stray bits': { ...rsa(2048), n: `${n.slice(0, -1)}9` },
      'a length that no bytes have': { ...rsa(2048), n: 'z'.repeat(345) },
      'an even modulus': { ...rsa(2048), n: toBase64Url(new Uint8Array(256).fill(0xfe)) },
      'another exponent': { ...rsa(2048), e: 'Aw' },
    };
    for (const [name, jwk] of Object.entries(wrong)) {
      expect(
        codeOf(() => parsePublicJwk(jwk)),
        name,
      ).to.equal('MALFORMED');
    }
  });

  const others: Record<string, unknown> = {
    nothing: undefined,
    null: null,
    text: JSON.stringify(ed),
    'a symmetric key': { kty: 'oct', k: 'AAAA' },
    'another curve': { ...ec, crv: 'P-384' },
    'X25519 where Ed25519 signs': { ...ed, crv: 'X25519' },
    'kinds mixed': { ...ec, kty: 'OKP' },
    'a member more': { ...ed, use: 'sig' },
    'a private part': { ...ed, d: ed.kty === 'OKP' ? ed.x : '' },
    'a member less': { kty: 'EC', crv: 'P-256', x: ec.x },
    '31 bytes': { ...ed, x: toBase64Url(new Uint8Array(31)) },
    'stray bits': { ...ed, x: `${'A'.repeat(42)}B` },
    padding: { ...ed, x: `${'A'.repeat(43)}=` },
    'a point off the curve': { ...ec, y: toBase64Url(new Uint8Array(32).fill(1)) },
    'the point at infinity': { ...ec, x: 'A'.repeat(43), y: 'A'.repeat(43) },
  };
  for (const [name, jwk] of Object.entries(others)) {
    it(`is not ${name}`, () => expect(codeOf(() => parsePublicJwk(jwk))).to.equal('MALFORMED'));
  }
});

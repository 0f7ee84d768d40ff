import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { expect } from 'chai';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { CompactSign, compactVerify, importJWK } from 'jose';
import { toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { ed25519Jwk, p256Jwk, parsePublicJwk, type JwsAlgorithm, type PublicJwk } from '../../../node/core/jwk.ts';
import { parseJws, signJws, verifyJws, type JwsSigner } from '../../../node/core/jws.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { rejection } from '../../helpers/rejection.ts';

const TYPE = 'xinlian-test+jwt';

const ed = ed25519.keygen();
const ec = p256.keygen();
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const { n = '' } = rsa.publicKey.export({ format: 'jwk' });

const KINDS: { alg: JwsAlgorithm; jwk: PublicJwk; signer: JwsSigner }[] = [
  { alg: 'EdDSA', jwk: ed25519Jwk(ed.publicKey), signer: { sign: (message) => ed25519.sign(message, ed.secretKey) } },
  { alg: 'ES256', jwk: p256Jwk(ec.publicKey), signer: { sign: (message) => p256.sign(message, ec.secretKey) } },
  {
    alg: 'RS256',
    jwk: parsePublicJwk({ kty: 'RSA', n, e: 'AQAB' }),
    signer: { sign: (message) => new Uint8Array(sign('sha256', message, rsa.privateKey)) },
  },
];
const [{ jwk, signer }] = KINDS as [(typeof KINDS)[number]];

const encode = (text: string) => toBase64Url(utf8(text));

/** A JWS with a header as it is given, signed for what it is. */
function withHeader(header: string, payload = '{}'): string {
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${toBase64Url(ed25519.sign(utf8(signed), ed.secretKey))}`;
}

describe('JWS', () => {
  for (const { alg, jwk, signer } of KINDS) {
    it(`of ${alg} is read by jose, and jose's by us`, async () => {
      const key = await importJWK(jwk, alg);
      const ours = await signJws(TYPE, { b: 1, a: '信' }, signer, { alg });
      const { payload, protectedHeader } = await compactVerify(ours, key);
      expect(protectedHeader).to.deep.equal({ alg, typ: TYPE });
      expect(Buffer.from(payload).toString()).to.equal('{"a":"信","b":1}');

      const secret = {
        EdDSA: { ...jwk, d: toBase64Url(ed.secretKey) },
        ES256: { ...jwk, d: toBase64Url(ec.secretKey) },
        RS256: rsa.privateKey.export({ format: 'jwk' }),
      }[alg];
      const theirs = await new CompactSign(utf8('{"c":2}'))
        .setProtectedHeader({ alg, typ: TYPE, kid: 'passed over' })
        .sign(await importJWK(secret, alg));
      const parsed = parseJws(theirs, TYPE);
      await verifyJws(parsed, jwk, 'jose');
      expect(Buffer.from(parsed.payload).toString()).to.equal('{"c":2}');
    });
  }

  it('carries the certificate of an application', async () => {
    const text = await signJws(TYPE, {}, signer, { app: 'certificate' });
    expect(parseJws(text, TYPE).header).to.deep.equal({ alg: 'EdDSA', typ: TYPE, app: 'certificate' });
  });

  it('is verified by the algorithm of the key, whatever its header says', async () => {
    for (const signed of KINDS) {
      for (const said of KINDS) {
        const jws = parseJws(await signJws(TYPE, {}, signed.signer, { alg: said.alg }), TYPE);
        const why = `${signed.alg}, said to be ${said.alg}`;
        for (const key of KINDS) {
          const holds = signed === said && said === key;
          const outcome = verifyJws(jws, key.jwk, 'holder').then(() => 'holds');
          if (holds) expect(await outcome, why).to.equal('holds');
          else expect(await rejection(outcome), why).to.have.property('code', 'SIGNATURE_INVALID');
        }
      }
    }
  });

  it('is not verified where a character of it was changed', async () => {
    const text = await signJws(TYPE, { a: 'b' }, signer);
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === 'A' ? 'B' : 'A';
      const changed = text.slice(0, at) + other + text.slice(at + 1);
      const attempt = async () => verifyJws(parseJws(changed, TYPE), jwk, 'holder');
      expect(await rejection(attempt()), `${at}`)
        .to.have.property('code')
        .that.is.oneOf(['MALFORMED', 'SIGNATURE_INVALID']);
    }
  });

  describe('is refused', () => {
    const refuse = (jws: string, why: string) =>
      expect(
        codeOf(() => parseJws(jws, TYPE)),
        why,
      ).to.equal('MALFORMED');

    it('with another type, or none', async () => {
      for (const typ of ['xinlian-other+jwt', 'JWT', TYPE.toUpperCase(), `application/${TYPE}`, ''])
        refuse(await signJws(typ, {}, signer), typ);
      refuse(withHeader('{"alg":"EdDSA"}'), 'none');
      refuse(withHeader(JSON.stringify({ alg: 'EdDSA', typ: [TYPE] })), 'a list');
    });

    it('with no signature, a shared secret, or an algorithm that is not ours', () => {
      for (const alg of [
        'none',
        'None',
        'HS256',
        'ES384',
        'ES256K',
        'PS256',
        'Ed25519',
        'eddsa',
        '',
        7,
        null,
        ['EdDSA'],
      ])
        refuse(withHeader(JSON.stringify({ alg, typ: TYPE })), String(alg));
      refuse(withHeader(JSON.stringify({ typ: TYPE })), 'no alg');
      const signed = `${encode(JSON.stringify({ alg: 'HS256', typ: TYPE }))}.${encode('{}')}`;
      const tag = createHmac('sha256', ed.publicKey).update(signed).digest('base64url');
      refuse(`${signed}.${tag}`, 'a public key as the secret');
    });

    it('with what it does not understand and must', () => {
      const header = { alg: 'EdDSA', typ: TYPE };
      for (const more of [{ crit: ['exp'] }, { crit: [] }, { b64: false }, { b64: true }, { app: 7 }, { app: {} }])
        refuse(withHeader(JSON.stringify({ ...header, ...more })), JSON.stringify(more));
    });

    it('with a header that is none', () => {
      for (const header of ['', 'null', '[]', '"text"', '7', '{', `{"alg":"EdDSA","typ":"${TYPE}"} x`])
        refuse(withHeader(header), header);
      refuse(withHeader(JSON.stringify({ alg: 'EdDSA', typ: TYPE, app: 'a'.repeat(8_192) })), 'too long');
      refuse(`${toBase64Url(Uint8Array.of(0xff))}.e30.AAAA`, 'no UTF-8');
    });

    it('in other parts or another spelling of them', async () => {
      const text = await signJws(TYPE, {}, signer);
      const [head, body, signature] = text.split('.') as [string, string, string];
      for (const wrong of [
        '',
        '..',
        `${head}.${body}`,
        `${text}.`,
        `.${text}`,
        `${text}.${signature}`,
        `${head}..${body}.${signature}`,
        `${text}=`,
        `${text} `,
        `\n${text}`,
        `${head}=.${body}.${signature}`,
        text.replaceAll('.', ' '),
      ]) {
        refuse(wrong, wrong);
      }
      // 64 bytes end in a character of which two bits count.
      const stray = String.fromCharCode(signature.charCodeAt(signature.length - 1) + 1);
      refuse(`${head}.${body}.${signature.slice(0, -1)}${stray}`, 'stray bits');
      refuse(`${head}.${body}.${signature.replaceAll(/[-_]/g, '+')}+`, 'standard base64');
    });
  });

  it('without a signature does not hold', async () => {
    const [head, body] = (await signJws(TYPE, {}, signer)).split('.');
    for (const { alg, jwk } of KINDS) {
      const jws = parseJws(`${head}.${body}.`, TYPE);
      const attempt = verifyJws({ ...jws, header: { ...jws.header, alg } }, jwk, 'holder');
      expect(await rejection(attempt)).to.have.property('code', 'SIGNATURE_INVALID');
    }
  });
});

import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { expect } from 'chai';
import { generateKeyPairSync, sign } from 'node:crypto';
import { concat, fromHex, utf8 } from '../../../node/core/bytes.ts';
import { ed25519Jwk, p256Jwk, parsePublicJwk, type PublicJwk } from '../../../node/core/jwk.ts';
import { parseJws } from '../../../node/core/jws.ts';
import * as byNoble from '../../../node/core/signature.ts';
import * as byOpenSsl from '../../../node/core/signature.node.ts';

// RFC 8032, section 7.1, tests 1 to 3.
const RFC_8032 = [
  [
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
].map((texts) => texts.map((text) => fromHex(`0x${text}`)));

const CLAIMS = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';

const RFC_JWS: { of: string; jwk: PublicJwk; jws: string }[] = [
  {
    of: 'RFC 8037, appendix A.4 (EdDSA)',
    jwk: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
    jws: 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
  },
  {
    of: 'RFC 7515, appendix A.3 (ES256)',
    jwk: {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
    jws: `eyJhbGciOiJFUzI1NiJ9.${CLAIMS}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`,
  },
  {
    of: 'RFC 7515, appendix A.2 (RS256)',
    jwk: {
      kty: 'RSA',
      n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
      e: 'AQAB',
    },
    jws: `eyJhbGciOiJSUzI1NiJ9.${CLAIMS}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw`,
  },
];

const message = utf8('what is signed');

/** Signatures of `message`, each with its key. */
function signatures(): [PublicJwk, Uint8Array][] {
  const ed = ed25519.keygen();
  const ec = p256.keygen();
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return [
    [ed25519Jwk(ed.publicKey), ed25519.sign(message, ed.secretKey)],
    [p256Jwk(ec.publicKey), p256.sign(message, ec.secretKey)],
    [rsaJwk(rsa.publicKey), new Uint8Array(sign('sha256', message, rsa.privateKey))],
  ];
}

function rsaJwk(key: ReturnType<typeof generateKeyPairSync>['publicKey']): PublicJwk {
  const { n } = key.export({ format: 'jwk' }) as { n: string };
  return parsePublicJwk({ kty: 'RSA', n, e: 'AQAB' });
}

for (const [name, { verifyEd25519, verifyWithJwk }] of [
  ['noble and WebCrypto', byNoble],
  ['OpenSSL', byOpenSsl],
] as const) {
  describe(`Signatures by ${name}`, () => {
    it('hold as RFC 8032 has them', () => {
      for (const [publicKey, text, signature] of RFC_8032) {
        expect(verifyEd25519(publicKey!, text!, signature!)).to.equal(true);
        expect(verifyEd25519(publicKey!, concat(text!, Uint8Array.of(0)), signature!)).to.equal(false);
      }
    });

    for (const { of, jwk, jws } of RFC_JWS) {
      it(`hold as in ${of}`, async () => {
        const [head, body, signature] = jws.split('.') as [string, string, string];
        const bytes = new Uint8Array(Buffer.from(signature, 'base64url'));
        expect(parsePublicJwk(jwk)).to.deep.equal(jwk);
        expect(await verifyWithJwk(jwk, utf8(`${head}.${body}`), bytes)).to.equal(true);
        expect(await verifyWithJwk(jwk, utf8(`${head}.${body}A`), bytes)).to.equal(false);
      });
    }

    it('do not hold with one bit turned, of another length, or under another key', async () => {
      const [first, second] = [signatures(), signatures()];
      for (const [i, [jwk, signature]] of first.entries()) {
        const verify = async (bytes: Uint8Array) => verifyWithJwk(jwk, message, bytes);
        expect(await verify(signature)).to.equal(true);
        for (const at of [0, 31, 32, signature.length - 1]) {
          const turned = signature.slice();
          turned[at]! ^= 1;
          expect(await verify(turned), `${jwk.kty}, byte ${at}`).to.equal(false);
        }
        for (const wrong of [
          new Uint8Array(),
          signature.subarray(1),
          signature.subarray(0, -1),
          concat(signature, Uint8Array.of(0)),
          concat(Uint8Array.of(0), signature),
          new Uint8Array(signature.length),
          new Uint8Array(signature.length).fill(0xff),
        ]) {
          expect(await verify(wrong), `${jwk.kty}, ${wrong.length} bytes`).to.equal(false);
        }
        expect(await verifyWithJwk(second[i]![0], message, signature)).to.equal(false);
        expect(await verifyWithJwk(jwk, utf8('another'), signature)).to.equal(false);
      }
    });

    it('of ES256 may have s in either half, and are no DER', async () => {
      const { secretKey, publicKey } = p256.keygen();
      const jwk = p256Jwk(publicKey);
      const { r, s } = p256.Signature.fromBytes(p256.sign(message, secretKey));
      const other = new p256.Signature(r, p256.Point.Fn.ORDER - s);
      expect(await verifyWithJwk(jwk, message, other.toBytes())).to.equal(true);
      expect(await verifyWithJwk(jwk, message, other.toBytes('der'))).to.equal(false);
    });

    it('of Ed25519 have one s, and no key of small order', () => {
      const { secretKey, publicKey } = ed25519.keygen();
      const signature = ed25519.sign(message, secretKey);
      const order = ed25519.Point.Fn.ORDER;
      const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order;
      const shifted = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
      expect(verifyEd25519(publicKey, message, concat(signature.subarray(0, 32), shifted))).to.equal(false);
      const identity = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
      expect(verifyEd25519(identity, message, concat(identity, new Uint8Array(32)))).to.equal(false);
    });
  });
}

describe('A JWS of an RFC', () => {
  it('is none of ours: it has no type', () => {
    for (const { jws } of RFC_JWS) expect(() => parseJws(jws, 'xinlian-query+jwt')).to.throw('JWS typ');
  });
});

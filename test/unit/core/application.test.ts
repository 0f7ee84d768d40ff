import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { expect } from 'chai';
import { generateKeyPairSync, sign } from 'node:crypto';
import {
  APPLICATION_SECONDS,
  signApplication,
  verifyApplication,
  verifyMemberStatement,
  type ApplicationCertificate,
} from '../../../node/core/application.ts';
import { toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { ed25519Jwk, p256Jwk, parsePublicJwk, type JwsAlgorithm, type PublicJwk } from '../../../node/core/jwk.ts';
import { parseJws, signJws, type JwsSigner } from '../../../node/core/jws.ts';
import { rejection } from '../../helpers/rejection.ts';

const TYPE = 'xinlian-test+jwt';
const NOW = 1_780_000_000;
const BANK = `0x${'b1'.repeat(32)}`;
const OTHER = `0x${'b2'.repeat(32)}`;

interface Key {
  alg: JwsAlgorithm;
  jwk: PublicJwk;
  signer: JwsSigner;
}

function edKey(): Key & { publicKey: Uint8Array } {
  const { secretKey, publicKey } = ed25519.keygen();
  return { alg: 'EdDSA', jwk: ed25519Jwk(publicKey), publicKey, signer: { sign: (m) => ed25519.sign(m, secretKey) } };
}

function ecKey(): Key {
  const { secretKey, publicKey } = p256.keygen();
  return { alg: 'ES256', jwk: p256Jwk(publicKey), signer: { sign: (m) => p256.sign(m, secretKey) } };
}

function rsaKey(): Key {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { n } = publicKey.export({ format: 'jwk' });
  const signer = { sign: (m: Uint8Array) => new Uint8Array(sign('sha256', m, privateKey)) };
  return { alg: 'RS256', jwk: parsePublicJwk({ kty: 'RSA', n, e: 'AQAB' }), signer };
}

const client = edKey();
const otherClient = edKey();
const program = ecKey();

const certified = async (change: Partial<ApplicationCertificate> = {}, signer = client.signer): Promise<string> =>
  signApplication(
    { iss: BANK, sub: 'core-banking', iat: NOW - 60, exp: NOW + 3_600, scope: 'queries', jwk: program.jwk, ...change },
    signer,
  );

/** A statement of the program under a certificate, verified as one of the bank. */
async function stated(app: string, key: Key = program, issuer = BANK, now = NOW) {
  const jws = await signJws(TYPE, { said: true }, key.signer, { alg: key.alg, app });
  return verifyMemberStatement(parseJws(jws, TYPE), issuer, client.publicKey, now);
}

const refused = async (attempt: Promise<unknown>, code: string, why?: string) =>
  expect(await rejection(attempt), why).to.have.property('code', code);

describe('A statement of a member', () => {
  it('is signed by its client key', async () => {
    const jws = parseJws(await signJws(TYPE, {}, client.signer), TYPE);
    expect(await verifyMemberStatement(jws, BANK, client.publicKey, NOW)).to.deep.equal({ member: BANK });
    await refused(verifyMemberStatement(jws, BANK, otherClient.publicKey, NOW), 'SIGNATURE_INVALID');
    await refused(verifyMemberStatement(jws, BANK, undefined, NOW), 'UNAUTHENTICATED');
  });

  it('is not signed by another kind of key in its place', async () => {
    const jws = parseJws(await signJws(TYPE, {}, program.signer, { alg: 'ES256' }), TYPE);
    await refused(verifyMemberStatement(jws, BANK, client.publicKey, NOW), 'SIGNATURE_INVALID');
  });

  for (const key of [edKey(), program, rsaKey()]) {
    it(`is signed by an application with a key for ${key.alg}`, async () => {
      const { member, application } = await stated(await certified({ jwk: key.jwk }), key);
      expect(member).to.equal(BANK);
      expect(application).to.deep.include({ sub: 'core-banking', scope: 'queries', jwk: key.jwk });
    });
  }
});

describe('The certificate of an application', () => {
  it('is no leave for another key, or for another algorithm of it', async () => {
    await refused(stated(await certified(), ecKey()), 'SIGNATURE_INVALID');
    await refused(stated(await certified(), { ...program, alg: 'EdDSA' }), 'SIGNATURE_INVALID');
    await refused(stated(await certified(), client), 'SIGNATURE_INVALID');
  });

  it('does not hold before its time, behind its end, or for longer than it may', async () => {
    await refused(stated(await certified({ exp: NOW })), 'UNAUTHENTICATED');
    await refused(stated(await certified({ iat: NOW + 61 })), 'UNAUTHENTICATED');
    const long = NOW - 60 + APPLICATION_SECONDS;
    await refused(stated(await certified({ exp: long + 1 })), 'UNAUTHENTICATED');
    for (const change of [{ exp: NOW + 1 }, { iat: NOW + 60 }, { exp: long }])
      expect((await stated(await certified(change))).member, JSON.stringify(change)).to.equal(BANK);
  });

  it('is of the member that speaks, signed by its present key', async () => {
    await refused(stated(await certified({ iss: OTHER })), 'MALFORMED');
    await refused(stated(await certified(), program, OTHER), 'MALFORMED');
    await refused(stated(await certified({}, otherClient.signer)), 'SIGNATURE_INVALID');
    await refused(stated(await certified({}, program.signer)), 'SIGNATURE_INVALID');
  });

  it('in a header is read, and cannot be exchanged for that of another program', async () => {
    const jws = await signJws(TYPE, {}, program.signer, { alg: 'ES256', app: await certified() });
    const [, body, signature] = jws.split('.');
    const other = ecKey();
    const replace = async (app: string, alg: JwsAlgorithm = 'ES256') => {
      const header = toBase64Url(utf8(JSON.stringify({ alg, app, typ: TYPE })));
      return verifyMemberStatement(parseJws(`${header}.${body}.${signature}`, TYPE), BANK, client.publicKey, NOW);
    };
    await refused(replace(await certified({ jwk: other.jwk })), 'SIGNATURE_INVALID', 'another program');
    // The same key under another name: the header is signed too.
    await refused(replace(await certified({ sub: 'another', scope: 'all' })), 'SIGNATURE_INVALID', 'another name');
  });

  it('is a certificate, and nothing else that the member signed', async () => {
    const payload = { iss: BANK, sub: 'a', iat: NOW, exp: NOW + 60, scope: '', jwk: { ...program.jwk } };
    await refused(stated(await signJws(TYPE, payload, client.signer)), 'MALFORMED');
    await refused(stated('garbage'), 'MALFORMED');
    await refused(stated(''), 'MALFORMED');
    const certificate = (change: object) => signJws('xinlian-app+jwt', { ...payload, ...change }, client.signer);
    await stated(await certificate({}));
    for (const change of [{ sub: '' }, { sub: 'a b' }, { iat: -1 }, { exp: 0.5 }, { extra: 1 }, { iss: 'bank' }])
      await refused(stated(await certificate(change)), 'MALFORMED', JSON.stringify(change));
    const off = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) };
    await refused(stated(await certificate({ jwk: off })), 'MALFORMED', 'a key off the curve');
  });

  it('is not made by an application: it certifies no other', async () => {
    const app = await certified();
    const second = await signJws(
      'xinlian-app+jwt',
      { iss: BANK, sub: 'second', iat: NOW - 60, exp: NOW + 60, scope: '', jwk: { ...program.jwk } },
      program.signer,
      { alg: 'ES256', app },
    );
    await refused(verifyApplication(second, BANK, client.publicKey, NOW), 'SIGNATURE_INVALID');
  });

  it('is not signed where it is none', async () => {
    await refused(certified({ sub: 'with space' }), 'MALFORMED');
    await refused(certified({ scope: 'x'.repeat(501) }), 'MALFORMED');
  });
});

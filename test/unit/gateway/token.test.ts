import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { credentialsOf } from '../../helpers/gateway/memory-members.ts';
import {
  assertion,
  BASE_URL,
  startTestGateway,
  tokenForm,
  type TestGateway,
} from '../../helpers/gateway/test-gateway.ts';

describe('POST /v1/oauth/token', () => {
  let gateway: TestGateway;

  beforeEach(async () => {
    gateway = await startTestGateway();
  });
  afterEach(() => gateway.app.close());

  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const ask = (payload: string) =>
    gateway.app.inject({ method: 'POST', url: '/v1/oauth/token', headers: form, payload });

  it('gives a short-lived token in the form of RFC 9068', async () => {
    const response = await ask(tokenForm(await assertion(gateway.source)));
    expect(response.statusCode).to.equal(200);
    expect(response.headers['cache-control']).to.equal('no-store');
    const body = response.json();
    expect(body).to.include({ token_type: 'Bearer', expires_in: 600, scope: 'publish records:read sessions sharing' });
    expect(decodeProtectedHeader(body.access_token)).to.deep.equal({ alg: 'EdDSA', typ: 'at+jwt' });
    const { iss, aud, sub, exp, iat } = decodeJwt(body.access_token);
    expect({ iss, aud, sub }).to.deep.equal({ iss: BASE_URL, aud: BASE_URL, sub: gateway.source.member.id });
    expect(exp! - iat!).to.equal(600);
  });

  it('narrows the scope by what is asked and by the member’s roles', async () => {
    expect((await ask(tokenForm(await assertion(gateway.source), 'records:read'))).json().scope).to.equal(
      'records:read',
    );
    expect((await ask(tokenForm(await assertion(gateway.bank), 'publish sessions'))).json().scope).to.equal('sessions');
    const none = await ask(tokenForm(await assertion(gateway.bank), 'publish'));
    expect([none.statusCode, none.json().error]).to.deep.equal([400, 'invalid_scope']);
    const unknown = await ask(tokenForm(await assertion(gateway.bank), 'everything'));
    expect([unknown.statusCode, unknown.json().error]).to.deep.equal([400, 'invalid_scope']);
  });

  it('takes the base URL and the further audiences of its settings', async () => {
    await gateway.app.close();
    gateway = await startTestGateway({ audiences: ['https://other.example'] });
    for (const aud of [BASE_URL, 'https://other.example', ['https://x.example', BASE_URL]]) {
      expect((await ask(tokenForm(await assertion(gateway.source, { aud })))).statusCode).to.equal(200);
    }
  });

  it('uses an assertion once only', async () => {
    const payload = tokenForm(await assertion(gateway.source));
    expect((await ask(payload)).statusCode).to.equal(200);
    const again = await ask(payload);
    expect([again.statusCode, again.json().error]).to.deep.equal([401, 'invalid_client']);
  });

  describe('refuses as invalid_client', () => {
    const now = Math.floor(Date.now() / 1000);
    const claims: [name: string, changes: Record<string, unknown>][] = [
      ['another audience', { aud: 'https://elsewhere.example' }],
      ['no audience', { aud: null }],
      ['an issuer that is no member id', { iss: 'someone' }],
      ['an issuer that is no member', { iss: `0x${'9'.repeat(64)}`, sub: `0x${'9'.repeat(64)}` }],
      ['another member’s issuer', { iss: `0x${'b'.repeat(64)}`, sub: `0x${'b'.repeat(64)}` }],
      ['a subject that is not the issuer', { sub: `0x${'b'.repeat(64)}` }],
      ['an expired one', { iat: now - 400, exp: now - 100 }],
      ['one that lives too long', { exp: now + 3600 }],
      ['one without end', { exp: null }],
      ['one without jti', { jti: null }],
      ['one with an endless jti', { jti: 'x'.repeat(129) }],
      ['one from the future', { iat: now + 86_400, exp: now + 86_500 }],
      ['one from before the start', { iat: now - 3600 }],
      ['one that is not valid yet', { nbf: now + 86_400 }],
    ];
    for (const [name, changes] of claims) {
      it(name, async () => {
        const response = await ask(tokenForm(await assertion(gateway.source, changes)));
        expect([response.statusCode, response.json().error]).to.deep.equal([401, 'invalid_client']);
        expect(response.headers['www-authenticate']).to.match(/^Bearer/);
      });
    }

    it('alg none, HS256 under the public key, and a stranger’s key', async () => {
      const { source } = gateway;
      const unsigned = await assertion(source, {}, { alg: 'none' });
      const stripped = `${unsigned.slice(0, unsigned.lastIndexOf('.'))}.`;
      const symmetric = await assertion(source, {}, { alg: 'HS256' });
      const stranger = credentialsOf(source.member.id, generateKeyPairSync('ed25519').privateKey);
      const foreign = await assertion({ ...source, credentials: stranger });
      for (const bad of [unsigned, stripped, symmetric, foreign, 'x', 'a.b.c']) {
        const response = await ask(tokenForm(bad));
        expect([response.statusCode, response.json().error], bad).to.deep.equal([401, 'invalid_client']);
      }
    });

    it('a suspended member, and a key that was rotated away', async () => {
      gateway.bank.member.status = 'suspended';
      expect((await ask(tokenForm(await assertion(gateway.bank)))).statusCode).to.equal(401);
      const fresh = gateway.members.rotate(gateway.source);
      expect((await ask(tokenForm(await assertion(gateway.source)))).statusCode).to.equal(401);
      const renewed = { ...gateway.source, credentials: credentialsOf(gateway.source.member.id, fresh) };
      expect((await ask(tokenForm(await assertion(renewed)))).statusCode).to.equal(200);
    });
  });

  it('tells faults of the form as RFC 6749 has them', async () => {
    const good = tokenForm(await assertion(gateway.source));
    const cases: [payload: string, error: string][] = [
      ['', 'invalid_request'],
      [good.replace('client_credentials', 'password'), 'unsupported_grant_type'],
      [`${good}&scope=publish&scope=sessions`, 'invalid_request'],
      ['grant_type=client_credentials', 'invalid_client'],
      [`${good}&client_id=someone`, 'invalid_client'],
    ];
    for (const [payload, error] of cases) expect((await ask(payload)).json().error, payload).to.equal(error);
    const json = await gateway.app.inject({ method: 'POST', url: '/v1/oauth/token', payload: {} });
    expect([json.statusCode, json.json().error]).to.deep.equal([400, 'invalid_request']);
  });

  it('limits how often an address may ask', async () => {
    await gateway.app.close();
    gateway = await startTestGateway({
      rates: {
        token: { requests: 2, windowSeconds: 60 },
        normal: { requests: 9, windowSeconds: 60 },
        bulk: { requests: 9, windowSeconds: 60 },
      },
    });
    await ask('');
    await ask('');
    const third = await ask('');
    expect([third.statusCode, third.json().code]).to.deep.equal([429, 'RATE_LIMITED']);
    expect(Number(third.headers['retry-after'])).to.be.within(1, 60);
    expect(third.headers).to.include({ 'ratelimit-limit': '2', 'ratelimit-remaining': '0' });
  });

  it('logs neither assertions nor tokens', async () => {
    const form = tokenForm(await assertion(gateway.source));
    const { access_token: token } = (await ask(form)).json();
    await gateway.app.inject({
      url: '/v1/records/AAAAAAAAAAAAAAAAAAAAAA',
      headers: { authorization: `Bearer ${token}` },
    });
    const logged = gateway.logged();
    expect(logged).to.include('/v1/oauth/token');
    expect(logged).to.not.include(token);
    expect(logged).to.not.include(new URLSearchParams(form).get('client_assertion'));
  });
});

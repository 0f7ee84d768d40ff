import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import { newAgreement } from '#agreement';
import type { JsonValue } from '../../../node/core/canonical.ts';
import {
  grantDecision,
  parseQuestion,
  parseRequest,
  requestState,
  seenRequests,
  signQuestion,
  signRequest,
  type GrantRequest,
  type RequestQuestion,
  narrowWanted,
} from '../../../node/core/grant-request.ts';
import { ed25519Jwk, p256Jwk } from '../../../node/core/jwk.ts';
import { signJws, verifyJws } from '../../../node/core/jws.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { company } from '../../helpers/rows.ts';

const { secretKey, publicKey } = ed25519.keygen();
const signer = { sign: (message: Uint8Array) => ed25519.sign(message, secretKey) };
const bank = `0x${'b1'.repeat(32)}`;
const centre = `0x${'c1'.repeat(32)}`;
const REQUEST: GrantRequest = {
  iss: bank,
  aud: centre,
  jti: 'A'.repeat(22),
  iat: 1_780_000_000,
  exp: 1_780_600_000,
  wanted: {
    subject: { uscc: company(1), name: '盐城某某科技有限公司' },
    grantee: { member: bank, uscc: company(9), name: '银行' },
    items: [{ item: 'tax-payment', months: 24 }],
    regions: ['320900'],
    purpose: 'pre-loan',
    matter: 'DK-1',
    uses: 0,
    from: 1_780_000_000,
    to: 1_790_000_000,
    retentionDays: 30,
    automated: '',
    policy: 'cn-authorisation-2026',
  },
  message: '请授权',
  reply: p256Jwk(newAgreement().publicKey),
};
const QUESTION: RequestQuestion = { iss: bank, aud: centre, jti: 'A'.repeat(22), iat: 1, exp: 2 };
const signed = (payload: object, typ = 'xinlian-grant-request+jwt') => signJws(typ, payload as JsonValue, signer);

describe('A request for a grant', () => {
  it('is read as it was signed, by whom it was', async () => {
    const { request, jws } = parseRequest(await signRequest(REQUEST, signer));
    expect(request).to.deep.equal(REQUEST);
    await verifyJws(jws, ed25519Jwk(publicKey), 'bank');
    const asked = parseQuestion(await signQuestion(QUESTION, signer));
    expect(asked.question).to.deep.equal(QUESTION);
    await verifyJws(asked.jws, ed25519Jwk(publicKey), 'bank');
  });

  it('is no question, and a question no request', async () => {
    const [request, question] = [await signRequest(REQUEST, signer), await signQuestion(QUESTION, signer)];
    expect(codeOf(() => parseRequest(question))).to.equal('MALFORMED');
    expect(codeOf(() => parseQuestion(request))).to.equal('MALFORMED');
  });

  it('is granted as it was asked, or narrower: never wider', () => {
    const { wanted } = REQUEST;
    const [{ item, months } = { item: '', months: 0 }] = wanted.items;
    expect(narrowWanted(wanted, {})).to.deep.equal(wanted);
    const less = narrowWanted(wanted, { items: [{ item, months: months - 1 }], to: wanted.to - 1 });
    expect(less).to.deep.equal({ ...wanted, items: [{ item, months: months - 1 }], to: wanted.to - 1 });
    for (const wider of [
      { items: [{ item, months: months + 1 }] },
      { items: [...wanted.items, { item: 'honour', months: 1 }] },
      { to: wanted.to + 1 },
    ]) {
      expect(codeOf(() => narrowWanted(wanted, wider))).to.equal('MALFORMED');
    }
  });

  const { wanted } = REQUEST;
  const wrong: Record<string, object> = {
    'a member more': { extra: 1 },
    'an id that is none': { jti: 'A' },
    'words without end': { message: 'x'.repeat(501) },
    'a reply to Ed25519': { reply: ed25519Jwk(publicKey) },
    'a salt of its own: the enterprise draws it': { wanted: { ...wanted, salt: 'A'.repeat(43) } },
    'a grant key of its own': { wanted: { ...wanted, key: `0x${'00'.repeat(20)}` } },
    'a wildcard': { wanted: { ...wanted, items: [{ item: '*', months: 1 }] } },
    'no item': { wanted: { ...wanted, items: [] } },
    'onward transfer': { wanted: { ...wanted, onward: true } },
    'a line of its own in the words': { wanted: { ...wanted, matter: 'DK-1\n授权期:永久' } },
  };
  for (const [name, change] of Object.entries(wrong)) {
    it(`is refused with ${name}`, async () => {
      const text = await signed({ ...REQUEST, ...change });
      expect(codeOf(() => parseRequest(text))).to.equal('MALFORMED');
    });
  }

  it('is asked for, decided and told in no other form', () => {
    const decision = { request: 'A'.repeat(22), outcome: 'granted', document: 'jwe' };
    expect(grantDecision.check(decision)).to.deep.equal(decision);
    for (const change of [{ outcome: 'waiting' }, { request: 'A' }, { reason: 'x'.repeat(501) }, { extra: 1 }])
      expect(codeOf(() => grantDecision.check({ ...decision, ...change }))).to.equal('MALFORMED');
    const state = { request: 'A'.repeat(22), state: 'expired' };
    expect(requestState.check(state)).to.deep.equal(state);
    expect(codeOf(() => requestState.check({ ...state, state: 'lost' }))).to.equal('MALFORMED');
    const seen = [{ request: REQUEST, text: '授权', decision: 'refused' }];
    expect(seenRequests.check(seen)).to.deep.equal(seen);
    expect(codeOf(() => seenRequests.check([{ request: REQUEST }]))).to.equal('MALFORMED');
    expect(codeOf(() => seenRequests.check({}))).to.equal('MALFORMED');
  });
});

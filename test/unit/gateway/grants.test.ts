import { expect } from 'chai';
import { XinlianError } from '../../../node/core/errors.ts';
import { parseArtefact } from '../../../node/core/grant.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import { localAccount, newAccountSecret } from '../../../node/core/account.ts';
import {
  draftGrant,
  newQueryId,
  signConsumption,
  signRegistration,
  signWithdrawal,
  type DraftGrant,
} from '../../../node/core/make-grant.ts';
import {
  grantConsumed,
  grantConsumption,
  grantOutcomes,
  grantRef,
  grantRegistrations,
  grantWithdrawal,
  termsOf,
} from '../../../node/core/messages/grant.ts';
import type { WantedGrant } from '../../../node/core/grant-request.ts';
import { GRANT_PACKS, GrantRules } from '../../../node/policy/grant-rules.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { domain } from '../../helpers/authorised.ts';
import type { TestMember } from '../../helpers/gateway/memory-members.ts';
import { startTestGateway, type TestGateway } from '../../helpers/gateway/test-gateway.ts';
import { company } from '../../helpers/rows.ts';

const DAY = 86_400;
const rules = new GrantRules(GRANT_PACKS, builtInCatalogue);

describe('Grants at a gateway', () => {
  let gateway: TestGateway;
  let now: number;
  let bank: TestMember;
  let otherBank: TestMember;

  beforeEach(async () => {
    gateway = await startTestGateway();
    now = Math.floor(gateway.clock.now() / 1000);
    gateway.grants.time = now;
    bank = gateway.members.addBody(company(2), ['bank']);
    otherBank = gateway.members.addBody(company(3), ['bank']);
    for (const { member } of [bank, otherBank]) gateway.grants.members.set(member.id, member);
  });
  afterEach(() => gateway.app.close());

  function draft(change: Partial<WantedGrant> = {}): DraftGrant {
    const wanted: WantedGrant = {
      subject: { uscc: company(1), name: '某公司' },
      grantee: { member: bank.member.id, uscc: company(2), name: '某银行' },
      items: [{ item: 'tax-payment', months: 24 }],
      regions: ['320900'],
      purpose: 'pre-loan',
      matter: 'DK-1',
      uses: 0,
      from: now - 60,
      to: now + 30 * DAY,
      retentionDays: 365,
      automated: '',
      policy: rules.current().edition,
      ...change,
    };
    return draftGrant(wanted, '窗口', (core) => rules.describe(core));
  }

  async function post(url: string, payload: object, as?: 'source' | 'bank') {
    const headers = as && { authorization: `Bearer ${await gateway.token(as === 'bank' ? bank : gateway.source)}` };
    return gateway.app.inject({ method: 'POST', url, payload, ...(headers && { headers }) });
  }

  async function check(checks: object[], as: 'source' | 'bank' = 'bank') {
    const response = await post('/v1/grants/check', { checks }, as);
    expect(response.statusCode, response.body).to.equal(200);
    return response
      .json<{ results: { ok: boolean; reason?: string }[] }>()
      .results.map(({ ok, reason }) => reason ?? ok);
  }

  describe('check', () => {
    it('says yes where a grant stands, with the block that it was judged at', async () => {
      const grant = draft();
      await gateway.grants.registerGrants([grant]);
      const response = await post('/v1/grants/check', { checks: [{ grant: grant.hash }] }, 'bank');
      expect(response.json()).to.deep.include({ results: [{ grant: grant.hash, ok: true }] });
      expect(response.json().judged.block).to.equal(9);
      expect(response.json().judged.time).to.match(/\+08:00$/);
    });

    it('says no with the reason', async () => {
      const [live, later, ended, withdrawn, suspended, used, foreign] = [
        draft(),
        draft({ from: now + 60 }),
        draft({ to: now + 30 }),
        draft(),
        draft(),
        draft({ uses: 1 }),
        draft({ grantee: { member: otherBank.member.id, uscc: company(3), name: '他行' } }),
      ];
      await gateway.grants.registerGrants([live, later, ended, withdrawn, suspended, used, foreign]);
      await gateway.grants.withdrawGrants([withdrawn]);
      gateway.grants.suspend(suspended.hash, true);
      await gateway.grants.consumeGrants([{ terms: used.terms, queryId: `0x${'11'.repeat(32)}` }]);
      gateway.clock.advance(31);
      gateway.head = { number: 9, hash: '0x00', time: now + 31 };
      const grants = [live, later, ended, withdrawn, suspended, used, foreign, draft()];
      expect(await check(grants.map(({ hash: grant }) => ({ grant })))).to.deep.equal([
        true,
        'GRANT_NOT_YET_VALID',
        'GRANT_EXPIRED',
        'GRANT_WITHDRAWN',
        'GRANT_SUSPENDED',
        'GRANT_EXHAUSTED',
        'GRANTEE_MISMATCH',
        'GRANT_UNKNOWN',
      ]);
    });

    it('judges items, purpose and region by the artefact, which must be that of the grant', async () => {
      const grant = draft();
      await gateway.grants.registerGrants([grant]);
      const { hash, artefact } = grant;
      const asked = (more: object) => ({ grant: hash, artefact, ...more });
      expect(
        await check([
          asked({ items: ['tax-payment'], purpose: 'pre-loan', region: '320904' }),
          asked({ items: ['social-insurance'] }),
          asked({ purpose: 'post-loan' }),
          asked({ region: '310000' }),
          { grant: hash, artefact: draft().artefact },
          { grant: hash, artefact: '{}' },
        ]),
      ).to.deep.equal([
        true,
        'ITEM_NOT_GRANTED',
        'PURPOSE_MISMATCH',
        'REGION_MISMATCH',
        'GRANT_MALFORMED',
        'GRANT_MALFORMED',
      ]);
    });

    it('takes a thousand at once, and no more', async () => {
      const grant = draft();
      await gateway.grants.registerGrants([grant]);
      const many = Array.from({ length: 1000 }, () => ({ grant: grant.hash }));
      expect(await check(many)).to.deep.equal(many.map(() => true));
      expect((await post('/v1/grants/check', { checks: [...many, ...many.slice(0, 1)] }, 'bank')).statusCode).to.equal(
        400,
      );
    });

    it('closes where the chain is stale', async () => {
      const grant = draft();
      await gateway.grants.registerGrants([grant]);
      gateway.clock.advance(121);
      expect(await check([{ grant: grant.hash }])).to.deep.equal(['CHAIN_STALE']);
    });

    it('is for banks', async () => {
      expect((await post('/v1/grants/check', { checks: [{ grant: draft().hash }] })).statusCode).to.equal(401);
      expect((await post('/v1/grants/check', { checks: [{ grant: draft().hash }] }, 'source')).statusCode).to.equal(
        403,
      );
    });
  });

  describe('registration', () => {
    it('goes through the gateway’s own node, without a token', async () => {
      const grant = draft();
      const registration = await signRegistration(grant, domain, now);
      const outcome = { grant: grant.hash, ok: true, block: 12 };
      gateway.node.inner = async (method, argument) => {
        expect(method).to.equal('grant/register');
        expect(grantRegistrations.decode(argument)).to.deep.equal([registration]);
        return grantOutcomes.encode([outcome]);
      };
      const response = await post('/v1/grants', { grants: [registration] });
      expect(response.json()).to.deep.equal({ outcomes: [outcome] });
      expect(gateway.node.calls).to.deep.equal([{ member: gateway.source.member.id, method: 'call' }]);
    });

    it('says what is wrong with a malformed one', async () => {
      const registration = await signRegistration(draft(), domain, now);
      const response = await post('/v1/grants', {
        grants: [{ ...registration, terms: { ...registration.terms, uses: 70_000 } }],
      });
      expect(response.statusCode).to.equal(400);
      expect(response.json().errors[0].path).to.contain('uses');
    });
  });

  describe('a signed consumption', () => {
    it('goes through the gateway’s own node, and is final where either of them has seen it', async () => {
      const grant = draft({ uses: 1 });
      await gateway.grants.registerGrants([grant]);
      const { id, hex } = newQueryId();
      const account = localAccount(newAccountSecret());
      const consumption = await signConsumption({ terms: grant.terms, query: id }, account, domain, now);
      gateway.node.inner = async (method, argument) => {
        expect(method).to.equal('grant/consume');
        expect(grantConsumption.decode(argument)).to.deep.equal(consumption);
        return grantConsumed.encode({ grant: grant.hash, query: id, final: false });
      };
      const url = `/v1/grants/${grant.hash}/consumptions`;
      const first = await post(url, consumption, 'bank');
      expect(first.json()).to.deep.equal({ grant: grant.hash, query: id, final: false });
      await gateway.grants.consumeGrants([{ terms: termsOf(grant.terms), queryId: hex }]);
      const { block } = gateway.grants.consumption(grant.hash, hex)!;
      expect((await post(url, consumption, 'bank')).json()).to.deep.include({ block, final: true });
      expect((await post(`/v1/grants/${draft().hash}/consumptions`, consumption, 'bank')).json().code).to.equal(
        'MALFORMED',
      );
      expect((await post(url, consumption)).statusCode).to.equal(401);
    });
  });

  describe('withdrawal', () => {
    it('binds the gateway at once, tells every source, and goes to the chain through its own node', async () => {
      const grant = draft();
      await gateway.grants.registerGrants([grant]);
      const other = gateway.members.add('c', ['source']).member.id;
      const withdrawal = await signWithdrawal(grant, domain);
      const heard: MemberId[] = [];
      gateway.node.sealed = async (member, method, argument) => {
        expect(method).to.equal('grant/withdrawn');
        expect(grantWithdrawal.decode(argument)).to.deep.equal(withdrawal);
        if (member === other) throw new XinlianError('UNREACHABLE', { peer: member, reason: 'down' });
        heard.push(member);
        return new Uint8Array();
      };
      gateway.node.inner = async (method) => {
        expect(method).to.equal('grant/withdraw');
        return grantRef.encode({ grant: grant.hash });
      };
      const response = await post(`/v1/grants/${grant.hash}/withdrawal`, withdrawal);
      const source = gateway.source.member.id;
      expect(response.json()).to.deep.equal({ grant: grant.hash, told: [source], unreached: [other] });
      expect(heard).to.deep.equal([source]);
      expect(await check([{ grant: grant.hash }])).to.deep.equal(['GRANT_WITHDRAWN']);
      const shown = await gateway.app.inject({ method: 'GET', url: `/v1/grants/${grant.hash}` });
      expect(shown.json().withdrawn).to.equal(true);
    });

    it('is refused where another key signed, or for another grant, and changes nothing', async () => {
      const [grant, other] = [draft(), draft()];
      await gateway.grants.registerGrants([grant, other]);
      const forged = { ...(await signWithdrawal(other, domain)), terms: grant.terms };
      const first = await post(`/v1/grants/${grant.hash}/withdrawal`, forged);
      expect([first.statusCode, first.json().code]).to.deep.equal([400, 'SIGNATURE_INVALID']);
      const second = await post(`/v1/grants/${grant.hash}/withdrawal`, await signWithdrawal(other, domain));
      expect(second.json().code).to.equal('MALFORMED');
      expect(await check([{ grant: grant.hash }, { grant: other.hash }])).to.deep.equal([true, true]);
      expect(gateway.node.calls).to.deep.equal([]);
    });
  });

  it('shows a grant as the chain has it', async () => {
    const grant = draft({ uses: 3 });
    gateway.grants.finalAtOnce = false;
    await gateway.grants.registerGrants([grant]);
    const shown = (await gateway.app.inject({ method: 'GET', url: `/v1/grants/${grant.hash}` })).json();
    expect(shown).to.deep.include({ grant: grant.hash, final: false, usesLeft: 3, withdrawn: false, suspended: false });
    expect(shown.terms).to.deep.equal({ ...parseArtefact(grant.artefact).terms });
    expect((await gateway.app.inject({ method: 'GET', url: `/v1/grants/${draft().hash}` })).statusCode).to.equal(404);
  });
});

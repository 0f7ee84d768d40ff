import { expect } from 'chai';
import { newAgreement } from '#agreement';
import { toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import {
  REQUEST_SECONDS,
  signQuestion,
  signRequest,
  type GrantRequest,
  type RequestState,
} from '../../../node/core/grant-request.ts';
import { memberIdOf } from '../../../node/core/ids.ts';
import { sealJwe } from '../../../node/core/jwe.ts';
import { p256Jwk } from '../../../node/core/jwk.ts';
import { RequestDesk, type DeskMember } from '../../../node/exchange/request-desk.ts';
import { LevelRequestStore } from '../../../node/store/access-store.ts';
import type { Batch } from '../../../node/store/store.ts';
import { Body, Exchange } from '../../helpers/authorised.ts';
import { rejection } from '../../helpers/rejection.ts';
import { company } from '../../helpers/rows.ts';

const DAY = 86_400;
const newId = () => toBase64Url(crypto.getRandomValues(new Uint8Array(16)));

describe('The desk of requests', () => {
  let exchange: Exchange;
  let desk: RequestDesk<Batch>;
  let member: DeskMember;
  const reply = p256Jwk(newAgreement().publicKey);

  before(async () => {
    exchange = await Exchange.open();
  });

  beforeEach(async () => {
    exchange = await Exchange.open({}, exchange.agency.store);
    desk = open();
    member = { id: exchange.centre.id, vault: exchange.agency.vault, sealing: exchange.sealing };
  });

  function open(): RequestDesk<Batch> {
    const { commits, clock, store } = exchange.agency;
    const { grants: view, rules } = exchange;
    return new RequestDesk<Batch>({ store: new LevelRequestStore(store), commits, view, rules, clock });
  }

  const seal = (jws: string) => sealJwe(utf8(jws), exchange.sealing.publicKey, 'JWT');
  let subjects = 100;
  /** An enterprise of its own for each test. */
  const subject = () => ({ uscc: company(++subjects), name: '某公司' });

  function request(change: Partial<GrantRequest> = {}, wanted: Partial<GrantRequest['wanted']> = {}): GrantRequest {
    return {
      iss: exchange.bank.id,
      aud: exchange.centre.id,
      jti: newId(),
      iat: exchange.now(),
      exp: exchange.now() + DAY,
      wanted: exchange.wanted({ subject: subject(), ...wanted }),
      message: '请授权',
      reply,
      ...change,
    };
  }
  const put = async (made: GrantRequest, by: Body = exchange.bank): Promise<RequestState> =>
    desk.put(member, await seal(await signRequest(made, by.signer)));
  const state = async (jti: string, by: Body = exchange.bank, change: object = {}): Promise<RequestState> => {
    const now = exchange.now();
    const question = { iss: by.id, aud: exchange.centre.id, jti, iat: now, exp: now + 60, ...change };
    return desk.state(member, await seal(await signQuestion(question, by.signer)));
  };
  const decide = (of: GrantRequest, outcome: 'granted' | 'refused', more: object = {}, uscc = of.wanted.subject.uscc) =>
    desk.decide(member, uscc, {
      request: of.jti,
      outcome,
      ...(outcome === 'granted' && { document: 'sealed document' }),
      ...more,
    });
  const list = (of: GrantRequest) => desk.list(member, of.wanted.subject.uscc);
  const code = async (attempt: Promise<unknown>) => ((await rejection(attempt)) as { code: string }).code;

  it('keeps a request until its enterprise decides, and shows it in plain words', async () => {
    const made = request();
    expect(await put(made)).to.deep.equal({ request: made.jti, state: 'waiting' });
    expect(await state(made.jti)).to.deep.equal({ request: made.jti, state: 'waiting' });
    const [seen, ...more] = await list(made);
    expect(more).to.deep.equal([]);
    expect(seen).to.deep.equal({ request: made, text: exchange.rules.describeWanted(made.wanted) });
    expect(seen!.text).to.contain('纳税信息(最近24个月)').and.to.contain('贷前审查');
  });

  it('tells the bank what the enterprise granted, and shows it as decided', async () => {
    const made = request();
    await put(made);
    const granted = { request: made.jti, state: 'granted', document: 'sealed document' };
    expect(await decide(made, 'granted')).to.deep.equal(granted);
    expect(await state(made.jti)).to.deep.equal(granted);
    expect((await list(made))[0]).to.have.property('decision', 'granted');
    expect((await list(made))[0]).to.not.have.property('document');
  });

  it('tells why it was refused', async () => {
    const made = request();
    await put(made);
    await decide(made, 'refused', { reason: '不需要贷款' });
    expect(await state(made.jti)).to.deep.equal({ request: made.jti, state: 'refused', reason: '不需要贷款' });
  });

  it('knows them after a restart, sealed on the disk', async () => {
    const made = request();
    await put(made);
    await decide(made, 'granted');
    desk = open();
    expect((await state(made.jti)).state).to.equal('granted');
    const store = new LevelRequestStore(exchange.agency.store);
    const bytes = Buffer.from(store.request(exchange.centre.id, made.jti)!).toString('latin1');
    for (const secret of [made.wanted.subject.uscc, made.iss, 'granted']) expect(bytes).to.not.contain(secret);
  });

  describe('decides once', () => {
    it('and says the same to who decides the same again', async () => {
      const made = request();
      await put(made);
      const first = await decide(made, 'granted');
      expect(await decide(made, 'granted', { document: 'another' })).to.deep.equal(first);
      expect(await code(decide(made, 'refused'))).to.equal('CONFLICT');
      expect(await state(made.jti)).to.deep.equal(first);
    });

    it('though two decide in the same moment', async () => {
      const made = request();
      await put(made);
      const [granted, refused] = await Promise.allSettled([decide(made, 'granted'), decide(made, 'refused')]);
      expect(granted).to.have.nested.property('value.state', 'granted');
      expect(refused).to.have.nested.property('reason.code', 'CONFLICT');
      expect((await state(made.jti)).state).to.equal('granted');
    });

    it('with a document where it is granted, and none where it is refused', async () => {
      const made = request();
      await put(made);
      expect(await code(decide(made, 'granted', { document: undefined }))).to.equal('MALFORMED');
      expect(await code(decide(made, 'refused', { document: 'one' }))).to.equal('MALFORMED');
      expect((await state(made.jti)).state).to.equal('waiting');
    });

    it('for the enterprise that was asked', async () => {
      const made = request();
      await put(made);
      expect(await code(decide(made, 'granted', {}, company(99)))).to.equal('NOT_FOUND');
      expect(await code(decide(request(), 'granted'))).to.equal('NOT_FOUND');
      const elsewhere = { ...member, id: exchange.bank.id };
      const decision = { request: made.jti, outcome: 'refused' as const };
      expect(await code(desk.decide(elsewhere, made.wanted.subject.uscc, decision))).to.equal('NOT_FOUND');
    });
  });

  it('lets a request expire: it is shown no more, and decided no more', async () => {
    const made = request({ exp: exchange.now() + 60 });
    await put(made);
    exchange.agency.clock.milliseconds += 60_000;
    expect((await state(made.jti)).state).to.equal('expired');
    expect(await list(made)).to.deep.equal([]);
    expect(await code(decide(made, 'granted'))).to.equal('CONFLICT');
  });

  it('lists the requests to one enterprise, the newest last', async () => {
    const to = subject();
    const made: GrantRequest[] = [];
    for (const iat of [3, 1, 2]) made.push(request({ iat: exchange.now() - iat }, { subject: to }));
    for (const one of made) await put(one);
    await put(request());
    const order = (await list(made[0]!)).map((seen) => exchange.now() - seen.request.iat);
    expect(order).to.deep.equal([3, 2, 1]);
  });

  describe('hears a bank', () => {
    it('once for one request: the same again changes nothing', async () => {
      const made = request();
      await put(made);
      await decide(made, 'refused');
      expect((await put(made)).state).to.equal('refused');
      expect(await list(made)).to.have.length(1);
    });

    it('for no other request under the same id, its own or another’s', async () => {
      const made = request();
      await put(made);
      await decide(made, 'granted');
      expect(await code(put({ ...made, message: '再请授权' }))).to.equal('CONFLICT');
      const { otherBank } = exchange;
      const grantee = { member: otherBank.id, uscc: otherBank.uscc, name: otherBank.member.name };
      const foreign = { ...made, iss: otherBank.id, wanted: { ...made.wanted, grantee } };
      expect(await code(put(foreign, otherBank))).to.equal('CONFLICT');
    });

    it('of its own requests, and of no other’s', async () => {
      const made = request();
      await put(made);
      expect(await code(state(made.jti, exchange.otherBank))).to.equal('NOT_FOUND');
      expect(await code(state(newId()))).to.equal('NOT_FOUND');
    });

    it('up to a limit for one enterprise, which is free again when requests were decided or have expired', async () => {
      const to = subject();
      const of = (change: Partial<GrantRequest> = {}) => request(change, { subject: to });
      const made = Array.from({ length: 20 }, () => of({ exp: exchange.now() + 60 }));
      for (const one of made) await put(one);
      expect(await code(put(of()))).to.equal('OVERLOADED');
      // It keeps out no other bank, and bars itself from no other enterprise.
      const { otherBank } = exchange;
      const grantee = { member: otherBank.id, uscc: otherBank.uscc, name: otherBank.member.name };
      await put(request({ iss: otherBank.id }, { subject: to, grantee }), otherBank);
      await put(request());
      // A request that is there already is answered.
      expect((await put(made[0]!)).state).to.equal('waiting');
      await decide(made[0]!, 'refused');
      await put(of());
      expect(await code(put(of()))).to.equal('OVERLOADED');
      exchange.agency.clock.milliseconds += 60_000;
      await put(of());
    });
  });

  describe('takes no request', () => {
    const refused = async (change: Partial<GrantRequest>, expected: string, wanted = {}, by?: Body) => {
      const made = request(change, wanted);
      expect(await code(put(made, by)), JSON.stringify([change, wanted])).to.equal(expected);
      expect(await list(made)).to.deep.equal([]);
    };

    it('that another signed, for another member, of a body that is none', async () => {
      await refused({}, 'SIGNATURE_INVALID', {}, exchange.otherBank);
      await refused({ aud: exchange.bank.id }, 'UNAUTHENTICATED');
      await refused({ iss: memberIdOf(company(50)) }, 'UNAUTHENTICATED');
    });

    it('for a grant to another', async () => {
      const { id, uscc, member: other } = exchange.otherBank;
      await refused({}, 'FORBIDDEN', { grantee: { member: id, uscc, name: other.name } });
    });

    it('of who may not read', async () => {
      exchange.grants.suspended.add(exchange.bank.id);
      await refused({}, 'MEMBER_NOT_ENTITLED');
      exchange.grants.suspended.clear();
      const agency = new Body('信源单位', 'MB190409', ['source']);
      exchange.grants.members.set(agency.id, agency.member);
      const grantee = { member: agency.id, uscc: agency.uscc, name: agency.member.name };
      await refused({ iss: agency.id }, 'MEMBER_NOT_ENTITLED', { grantee }, agency);
    });

    it('of another time, or that waits for longer than it may', async () => {
      const now = exchange.now();
      await refused({ exp: now }, 'UNAUTHENTICATED');
      await refused({ iat: now + 61, exp: now + 100 }, 'UNAUTHENTICATED');
      await refused({ exp: now + REQUEST_SECONDS + 1 }, 'UNAUTHENTICATED');
      await put(request({ exp: now + REQUEST_SECONDS }));
    });

    it('for what could not be granted: its enterprise would be shown nothing at all', async () => {
      const now = exchange.now();
      await refused({}, 'MALFORMED', { items: [{ item: 'horoscope', months: 1 }] });
      await refused({}, 'MALFORMED', { purpose: 'curiosity' });
      await refused({}, 'MALFORMED', { policy: 'cn-authorisation-1999' });
      await refused({}, 'MALFORMED', { from: now, to: now });
      await refused({}, 'MALFORMED', { from: now, to: now + 366 * DAY });
      await refused({}, 'MALFORMED', { retentionDays: 1_826 });
      await refused({}, 'MALFORMED', { subject: { uscc: `${company(1).slice(0, 17)}0`, name: '某公司' } });
      const twice = { item: 'tax-payment', months: 1 };
      await refused({}, 'MALFORMED', { items: [twice, twice] });
      const { uscc, member: body } = exchange.otherBank;
      await refused({}, 'MALFORMED', { grantee: { member: exchange.bank.id, uscc, name: body.name } });
    });

    it('to be answered to a point that is none', async () => {
      await refused({ reply: { ...reply, y: toBase64Url(new Uint8Array(32).fill(1)) } }, 'MALFORMED');
    });

    it('that is none, or is sealed to another', async () => {
      expect(await code(desk.put(member, await seal('garbage')))).to.equal('MALFORMED');
      const sealed = await seal(await signRequest(request(), exchange.bank.signer));
      expect(await code(desk.put({ ...member, sealing: newAgreement() }, sealed))).to.equal('SIGNATURE_INVALID');
    });
  });

  it('answers no question of another time, for another member, or signed by another', async () => {
    const made = request();
    await put(made);
    const now = exchange.now();
    expect(await code(state(made.jti, exchange.bank, { exp: now }))).to.equal('UNAUTHENTICATED');
    expect(await code(state(made.jti, exchange.bank, { iat: now + 61 }))).to.equal('UNAUTHENTICATED');
    expect(await code(state(made.jti, exchange.bank, { aud: exchange.bank.id }))).to.equal('UNAUTHENTICATED');
    expect(await code(state(made.jti, exchange.otherBank, { iss: exchange.bank.id }))).to.equal('SIGNATURE_INVALID');
  });
});

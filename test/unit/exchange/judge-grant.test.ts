import { expect } from 'chai';
import type { GrantTerms } from '../../../node/core/consortium.ts';
import { grantHashOf, memberIdOf } from '../../../node/core/ids.ts';
import type { Refusal } from '../../../node/core/query.ts';
import { judgeGrant, judgingTime } from '../../../node/exchange/judge-grant.ts';
import { Body } from '../../helpers/authorised.ts';
import { PaperGrants } from '../../helpers/paper-grants.ts';

const NOW = 1_780_000_000;
const FROM = NOW - 100;
const TO = NOW + 1_000;

describe('A grant is judged', () => {
  let bank: Body;
  let grants: PaperGrants;
  let terms: GrantTerms;
  let now: number;
  let withdrawn: boolean;

  beforeEach(() => {
    bank = new Body('银行', 'MA190404', ['bank']);
    grants = new PaperGrants(NOW);
    grants.members.set(bank.id, bank.member);
    terms = {
      artefact: `0x${'a1'.repeat(32)}`,
      key: `0x${'e5'.repeat(20)}`,
      grantee: bank.id,
      validFrom: FROM,
      validTo: TO,
      uses: 0,
    };
    now = NOW;
    withdrawn = false;
  });

  const register = () => grants.registerGrants([{ terms }]);

  function judge(known = true): Refusal | undefined {
    const hash = grantHashOf(terms);
    const withdrawals = { isWithdrawn: () => withdrawn };
    const options = { nowSeconds: now, failClosedSeconds: 120 };
    return judgeGrant({ hash, ...(known && { terms }) }, grants, withdrawals, options).refusal;
  }

  it('to stand, whether its terms are shown or known from the chain', async () => {
    await register();
    expect([judge(), judge(false)]).to.deep.equal([undefined, undefined]);
  });

  it('by a head that is not too old', async () => {
    await register();
    now = NOW + 120;
    expect(judge()).to.equal(undefined);
    now = NOW + 121;
    expect(judge()).to.equal('CHAIN_STALE');
    const blind = { head: () => undefined, grant: () => undefined, isEntitledNow: () => true };
    const options = { nowSeconds: NOW, failClosedSeconds: 120 };
    const { refusal } = judgeGrant({ hash: grantHashOf(terms), terms }, blind, { isWithdrawn: () => false }, options);
    expect(refusal).to.equal('CHAIN_STALE');
  });

  it('by the later of two clocks', async () => {
    await register();
    grants.time = TO - 1;
    now = TO - 1;
    expect(judge()).to.equal(undefined);
    grants.time = TO;
    expect(judge(), 'the head').to.equal('GRANT_EXPIRED');
    grants.time = TO - 1;
    now = TO;
    expect(judge(), 'the own clock').to.equal('GRANT_EXPIRED');
    expect([judgingTime(grants, 1), judgingTime(grants, 2 * NOW)]).to.deep.equal([TO - 1, 2 * NOW]);
    expect(judgingTime({ head: () => undefined }, 5)).to.equal(5);
  });

  it('to begin with its first second, by either clock', async () => {
    terms = { ...terms, validFrom: NOW + 50 };
    await register();
    expect(judge()).to.equal('GRANT_NOT_YET_VALID');
    grants.time = NOW + 49;
    expect(judge()).to.equal('GRANT_NOT_YET_VALID');
    grants.time = NOW + 50;
    expect(judge()).to.equal(undefined);
    grants.time = NOW;
    now = NOW + 50;
    expect(judge()).to.equal(undefined);
  });

  it('unknown before it is registered, pending before that is final', async () => {
    expect([judge(), judge(false)]).to.deep.equal(['GRANT_UNKNOWN', 'GRANT_UNKNOWN']);
    grants.finalAtOnce = false;
    await register();
    expect(judge()).to.equal('GRANT_PENDING');
    grants.finalise();
    expect(judge()).to.equal(undefined);
  });

  it('suspended and resumed', async () => {
    await register();
    grants.suspend(grantHashOf(terms), true);
    expect(judge()).to.equal('GRANT_SUSPENDED');
    grants.suspend(grantHashOf(terms), false);
    expect(judge()).to.equal(undefined);
  });

  it('useless to who may not read', async () => {
    await register();
    grants.suspended.add(bank.id);
    expect(judge()).to.equal('GRANTEE_NOT_ENTITLED');
    grants.suspended.clear();
    bank.member.roles = ['source'];
    expect(judge()).to.equal('GRANTEE_NOT_ENTITLED');
    grants.members.delete(bank.id);
    expect(judge()).to.equal('GRANTEE_NOT_ENTITLED');
    expect(memberIdOf(bank.uscc)).to.equal(bank.id);
  });

  describe('by what narrows before what is missing', () => {
    it('withdrawn, though no block has its registration, or its withdrawal', async () => {
      await grants.withdrawGrants([{ terms }]);
      expect(judge()).to.equal('GRANT_WITHDRAWN');
      expect(judge(false)).to.equal('GRANT_WITHDRAWN');
    });

    it('withdrawn by its signed word alone', async () => {
      withdrawn = true;
      expect(judge()).to.equal('GRANT_WITHDRAWN');
      await register();
      expect(judge()).to.equal('GRANT_WITHDRAWN');
    });

    it('withdrawn at first sight, though that is not final', async () => {
      await register();
      grants.finalAtOnce = false;
      await grants.withdrawGrants([{ terms }]);
      expect(judge()).to.equal('GRANT_WITHDRAWN');
    });

    it('suspended, though its registration is not known or not final', async () => {
      grants.suspend(grantHashOf(terms), true);
      expect(judge()).to.equal('GRANT_SUSPENDED');
      grants.finalAtOnce = false;
      await register();
      expect(judge()).to.equal('GRANT_SUSPENDED');
    });

    it('to a grantee that may not read, though its registration is not final', async () => {
      grants.suspended.add(bank.id);
      expect(judge()).to.equal('GRANTEE_NOT_ENTITLED');
      grants.finalAtOnce = false;
      await register();
      expect(judge()).to.equal('GRANTEE_NOT_ENTITLED');
    });

    it('withdrawn before suspended, ended or stale in its grantee; stale before all', async () => {
      await register();
      grants.suspend(grantHashOf(terms), true);
      grants.suspended.add(bank.id);
      grants.time = TO;
      now = TO;
      expect(judge()).to.equal('GRANT_EXPIRED');
      withdrawn = true;
      expect(judge()).to.equal('GRANT_WITHDRAWN');
      now = TO + 121;
      expect(judge()).to.equal('CHAIN_STALE');
    });

    it('ended, though it never was registered: nothing will come', () => {
      now = TO;
      grants.time = TO;
      expect(judge()).to.equal('GRANT_EXPIRED');
    });
  });
});

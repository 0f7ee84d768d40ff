import { expect } from 'chai';
import { ZeroAddress, ZeroHash } from 'ethers';
import { CASE_ACTIONS, CASE_ROLES, CASE_STATES, OPEN_STATES } from '../../node/core/case-authority.ts';
import { agreementIdOf, type AgreementTerms, type CaseTerms } from '../../node/core/recognition.ts';
import { digest, stranger, walletOf } from './helpers/consortium.ts';
import { DAY, Recognition, applicant, dafeng, encode, officers, shanghai, suzhou } from './helpers/recognition.ts';
import { NONE, spoiled } from './helpers/signatures.ts';
import type { Case, Snapshot } from './helpers/recognition.ts';

describe('RecognitionRegistry: cases', () => {
  let sides: Recognition;
  let agreement: AgreementTerms;
  let snapshot: Snapshot;

  before(async () => {
    sides = await Recognition.create();
    agreement = await sides.agree(await sides.terms());
    snapshot = await sides.c.networkHelpers.takeSnapshot();
  });

  beforeEach(() => snapshot.restore());

  async function refuses(promise: Promise<unknown>, error: string, ...args: unknown[]): Promise<void> {
    await expect(promise)
      .to.be.revertedWithCustomError(sides.c.recognition, error)
      .withArgs(...args);
  }

  const at = (time: number) => sides.c.networkHelpers.time.setNextBlockTimestamp(time);
  const pass = (time: number) => sides.c.networkHelpers.time.increaseTo(time);
  const suspend = (id: string) => sides.c.vote('suspend', [id, digest('why')]);
  const fresh = (name = 'one', changes: Partial<CaseTerms> = {}): Case => sides.caseOf(agreement, name, changes);
  const dueOf = async (one: Case): Promise<number> => Number((await one.record()).due);
  const stateOf = async (one: Case): Promise<string> => CASE_STATES[Number((await one.record()).state)]!;

  it('run from the request to the recognition, and to its end', async () => {
    const one = await fresh().to('recognised');
    const until = await dueOf(one);
    await at(until - 1);
    await refuses(one.act({ action: 'expire' }), 'RecognitionNotYet', one.id, until, until - 1);
    await at(until);
    await one.act({ action: 'expire' });
    const { state, step, due, lateSteps } = await one.record();
    expect([state, step, due, lateSteps].map(Number)).to.deep.equal([CASE_STATES.indexOf('expired'), 5, 0, 0]);
  });

  it('run the other way under the same agreement', async () => {
    const { first, second } = agreement;
    const other = sides.caseOf(agreement, 'other way', { home: second, host: first });
    const { document, due } = await other.step({ action: 'request' });
    await (await sides.as(shanghai)).request(other.terms, document, due);
    expect(await stateOf(other)).to.equal('requested');
  });

  it('tell in their events who did what, in which capacity, and what is due', async () => {
    const { recognition } = sides.c;
    const one = fresh();
    const { document, due } = await one.step({ action: 'request' });
    await expect(await one.act({ action: 'request', due }))
      .to.emit(recognition, 'CaseRequested')
      .withArgs(one.id, one.terms.agreement, Object.values(one.terms), document, due);
    const step = await one.step({ action: 'complete' });
    await expect(await one.act(step))
      .to.emit(recognition, 'CaseStepped')
      .withArgs(
        one.id,
        CASE_ACTIONS.indexOf('complete'),
        CASE_ROLES.indexOf('host-handler'),
        officers.host.handler.address,
        1,
        step.document,
        step.due,
        false,
      );
  });

  describe('a request', () => {
    const request = (one: Case) => one.act({ action: 'request' });

    it('is for the sides of its agreement alone', async () => {
      const { recognition } = sides.c;
      const { first, second } = agreement;
      const third = suzhou.id as CaseTerms['home'];
      for (const changes of [{ host: third }, { agreement: digest('another') as CaseTerms['agreement'] }]) {
        await expect(request(fresh('one', changes))).to.be.revertedWithCustomError(
          recognition,
          'RecognitionNotInForce',
        );
      }
      const other = fresh('one', { home: third, host: first });
      const { document, due } = await other.step({ action: 'request' });
      await expect((await sides.as(suzhou)).request(other.terms, document, due)).to.be.revertedWithCustomError(
        recognition,
        'RecognitionNotInForce',
      );
      const mine = fresh('one', { home: second, host: first });
      await refuses(request(mine), 'RecognitionUnauthorized', second, dafeng.wallet.address);
    });

    it('comes once, with a document', async () => {
      const one = fresh();
      const document = ZeroHash as `0x${string}`;
      await refuses(one.act({ action: 'request', document }), 'RecognitionNoDocument', one.id);
      await request(one);
      await refuses(request(one), 'RecognitionWrongState', one.id, 1, CASE_ACTIONS.indexOf('request'));
    });

    it('wants an agreement that is in force', async () => {
      const now = await sides.now();
      const next = (changes: Partial<AgreementTerms>) =>
        sides.terms({
          ...changes,
          first: agreement.first,
          document: digest(JSON.stringify(changes)) as AgreementTerms['document'],
        });
      const refused = async (terms: AgreementTerms) => {
        const one = sides.caseOf(terms, 'one');
        const time = (await sides.now()) + 1;
        await at(time);
        await refuses(request(one), 'RecognitionNotInForce', agreementIdOf(terms), time);
      };
      await refused(await next({}));
      const later = await next({ previous: agreementIdOf(agreement), validFrom: now + 1000 });
      await sides.agree(later);
      await refused(later);
      const ended = await next({ previous: agreementIdOf(later), noticeDays: 0 });
      await sides.agree(ended);
      await (await sides.as(dafeng)).giveNotice(ended, digest('notice'));
      await refused(ended);
      const short = await next({ previous: agreementIdOf(ended), validTo: now + 5000 });
      await sides.agree(short);
      await pass(now + 5000);
      await refused(short);
    });

    it('comes before the day on which a notice ends it', async () => {
      await (await sides.as(dafeng)).giveNotice(agreement, digest('notice'));
      await fresh().to('requested');
      expect(await stateOf(fresh())).to.equal('requested');
    });
  });

  describe('signatures', () => {
    it('count for one step, up to their deadline', async () => {
      const one = await fresh().to('requested');
      await refuses(one.act({ action: 'complete', step: 0 }), 'RecognitionWrongStep', one.id, 1, 0);
      const now = await sides.now();
      await at(now + 11);
      await refuses(
        one.act({ action: 'complete', deadline: now + 10 }),
        'RecognitionDeadlinePassed',
        now + 10,
        now + 11,
      );
      await at(now + 20);
      await one.act({ action: 'complete', deadline: now + 20 });
    });

    it('are of the officers of the side, with the duty', async () => {
      const one = await fresh().to('requested');
      const { handler, decider } = officers.host;
      for (const key of [decider, officers.home.handler, walletOf('nobody')]) {
        await refuses(
          one.act({ action: 'complete' }, { first: key }),
          'RecognitionNotOfficer',
          shanghai.id,
          key.address,
          1,
        );
      }
      await refuses(
        one.act({ action: 'refuse' }, { first: handler }),
        'RecognitionNotOfficer',
        shanghai.id,
        handler.address,
        2,
      );
    });

    it('of an officer whose tenure is over count no more', async () => {
      const { handler } = officers.host;
      const now = await sides.now();
      await sides.enrol(shanghai, handler, 1, now + 100);
      const one = await fresh().to('requested');
      await at(now + 100);
      await refuses(one.act({ action: 'complete' }), 'RecognitionNotOfficer', shanghai.id, handler.address, 1);
    });

    it('of another form are nobody’s', async () => {
      const one = await fresh().to('requested');
      const step = await one.step({ action: 'complete' });
      for (const [why, first] of spoiled(one.sign(step)[0])) {
        await expect(sides.c.recognition.act(one.terms, encode(step), first, NONE), why)
          .to.be.revertedWithCustomError(sides.c.recognition, 'RecognitionNotOfficer')
          .withArgs(shanghai.id, ZeroAddress, 1);
      }
    });

    it('of the applicant are those of the case’s own key', async () => {
      const one = await fresh().to('returned');
      const { handler } = officers.home;
      await refuses(
        one.act({ action: 'withdraw' }, { first: handler }),
        'RecognitionInvalidSignature',
        applicant.address,
        handler.address,
      );
      const nobody = await fresh('nobody', { applicant: ZeroAddress as CaseTerms['applicant'] }).to('requested');
      const step = await nobody.step({ action: 'withdraw' });
      await refuses(
        sides.c.recognition.act(nobody.terms, encode(step), NONE, NONE),
        'RecognitionInvalidSignature',
        ZeroAddress,
        ZeroAddress,
      );
    });

    it('are not the node’s, which sends itself', async () => {
      const one = await fresh().to('recognised');
      const step = await one.step({ action: 'mark-stale' });
      const other = await sides.as(shanghai);
      await refuses(
        other.act(one.terms, encode(step), NONE, NONE),
        'RecognitionUnauthorized',
        dafeng.id,
        shanghai.wallet.address,
      );
    });

    it('come with a document', async () => {
      const one = await fresh().to('requested');
      const document = ZeroHash as `0x${string}`;
      await refuses(one.act({ action: 'complete', document }), 'RecognitionNoDocument', one.id);
    });
  });

  describe('four eyes', () => {
    it('are two officers, where the agreement asks it', async () => {
      const one = await fresh().to('examining');
      const { decider, handler } = officers.host;
      await sides.enrol(shanghai, decider, 3);
      await refuses(one.act({ action: 'recognise' }, { second: decider }), 'RecognitionSameOfficer', decider.address);
      await refuses(
        one.act({ action: 'recognise' }, { second: officers.home.handler }),
        'RecognitionNotOfficer',
        shanghai.id,
        officers.home.handler.address,
        1,
      );
      await one.act({ action: 'recognise' }, { second: handler });
    });

    it('are one officer, where it does not', async () => {
      const alone = await sides.agree(await sides.terms({ previous: agreementIdOf(agreement), fourEyes: false }));
      const one = await sides.caseOf(alone, 'one').to('examining');
      const step = await one.step({ action: 'recognise' });
      await sides.c.recognition.act(one.terms, encode(step), one.sign(step)[0], NONE);
      expect(await stateOf(one)).to.equal('recognised');
    });
  });

  describe('clocks', () => {
    it('keep due dates in the frame that was agreed', async () => {
      const one = fresh();
      const now = await sides.now();
      const [least, most] = [now + 100 + 5 * DAY, now + 100 + 20 * DAY];
      for (const due of [0, least - 1, most + 1]) {
        await at((await sides.now()) < now + 100 ? now + 100 : (await sides.now()) + 1);
        const shift = (await sides.now()) < now + 100 ? 0 : (await sides.now()) + 1 - (now + 100);
        await refuses(
          one.act({ action: 'request', due: due === most + 1 ? due + shift : due }),
          'RecognitionWrongDue',
          one.id,
          least + shift,
          most + shift,
          due === most + 1 ? due + shift : due,
        );
      }
    });

    it('take the first and the last due date of the frame', async () => {
      for (const days of [5, 20]) {
        const one = fresh(`${days}`);
        const now = (await sides.now()) + 10;
        await at(now);
        await one.act({ action: 'request', due: now + days * DAY });
        expect(await dueOf(one)).to.equal(now + days * DAY);
      }
      const one = await fresh().to('examining');
      const now = (await sides.now()) + 10;
      await at(now);
      await refuses(
        one.act({ action: 'recognise', due: now }),
        'RecognitionWrongDue',
        one.id,
        now + 1,
        now + 90 * DAY,
        now,
      );
      await at(now + 1);
      await one.act({ action: 'recognise', due: now + 1 + 90 * DAY });
    });

    it('give no due date to what has none', async () => {
      const one = await fresh().to('requested');
      await refuses(one.act({ action: 'withdraw', due: 1 }), 'RecognitionWrongDue', one.id, 0, 0, 1);
    });

    it('take an official step that is late, and mark it', async () => {
      const one = await fresh().to('requested');
      const due = await dueOf(one);
      await at(due);
      await one.act({ action: 'complete', due: due + 10 * DAY });
      expect((await one.record()).lateSteps).to.equal(0n);
      const next = (await dueOf(one)) + 1;
      await at(next);
      const transaction = await one.act({ action: 'examine', due: next + 10 * DAY });
      const args = (await transaction.wait())!.logs.map((log) => sides.c.recognition.interface.parseLog(log)!.args);
      expect(args[0]!['late']).to.equal(true);
      expect((await one.record()).lateSteps).to.equal(1n);
    });

    it('are set anew by both sides, from where they began', async () => {
      for (const [state, least, most] of [
        ['complete', 5, 20],
        ['returned', 10, 30],
      ] as const) {
        const one = await fresh(state).to(state);
        const start = Number((await one.record()).stepAt);
        await refuses(
          one.act({ action: 'reschedule', due: start + most * DAY + 1 }),
          'RecognitionWrongDue',
          one.id,
          start + least * DAY,
          start + most * DAY,
          start + most * DAY + 1,
        );
        await refuses(
          one.act({ action: 'reschedule' }, { second: officers.host.other }),
          'RecognitionNotOfficer',
          dafeng.id,
          officers.host.other.address,
          1,
        );
        await one.act({ action: 'reschedule', due: start + least * DAY });
        const record = await one.record();
        expect([record.due, record.stepAt].map(Number)).to.deep.equal([start + least * DAY, start]);
        expect(await stateOf(one)).to.equal(state);
      }
    });
  });

  describe('supplement', () => {
    it('has as many rounds as were agreed', async () => {
      const one = await fresh().to('returned');
      await one.act({ action: 'supplement', role: 'home-handler' });
      await refuses(one.act({ action: 'return' }), 'RecognitionNoRoundsLeft', one.id);
      await one.act({ action: 'refuse' });
    });

    it('is the applicant’s to the last second, and then the case lapses', async () => {
      const one = await fresh('one').to('returned');
      const two = await fresh('two').to('returned');
      const due = await dueOf(one);
      await refuses(one.act({ action: 'lapse' }), 'RecognitionNotYet', one.id, due, (await sides.now()) + 1);
      await at(due);
      await one.act({ action: 'supplement', due: due + 10 * DAY });
      const late = await dueOf(two);
      await pass(late);
      const time = (await sides.now()) + 1;
      await at(time);
      await refuses(two.act({ action: 'supplement' }), 'RecognitionApplicantLate', two.id, late, time);
      await two.act({ action: 'lapse' });
      expect(await stateOf(two)).to.equal('lapsed');
    });
  });

  describe('appeal', () => {
    it('comes once, in time, and ends in recognition or refusal', async () => {
      const one = await fresh('one').to('appealed');
      await one.act({ action: 'refuse' });
      await refuses(one.act({ action: 'appeal' }), 'RecognitionAlreadyAppealed', one.id);
      const two = await fresh('two').to('appealed');
      await two.act({ action: 'recognise' });
      const three = await fresh('three').to('refused');
      const due = await dueOf(three);
      await at(due + 1);
      await refuses(three.act({ action: 'appeal' }), 'RecognitionApplicantLate', three.id, due, due + 1);
    });
  });

  describe('staleness', () => {
    it('is told by the home node at once, and lifted by the host', async () => {
      const one = await fresh().to('recognised');
      const until = await dueOf(one);
      await one.act({ action: 'mark-stale' });
      let record = await one.record();
      expect([record.stale, Number(record.due)]).to.deep.equal([true, until]);
      await refuses(one.act({ action: 'mark-stale' }), 'RecognitionStaleness', one.id, true);
      await one.act({ action: 'clear-stale' });
      record = await one.record();
      expect([record.stale, Number(record.due)]).to.deep.equal([false, until]);
      await refuses(one.act({ action: 'clear-stale' }), 'RecognitionStaleness', one.id, false);
      await one.act({ action: 'invalidate', role: 'host-decider' });
      expect(await dueOf(one)).to.equal(0);
    });
  });

  describe('of a side that is suspended', () => {
    for (const side of [dafeng, shanghai]) {
      it(`nothing goes on, and open cases lapse (${side.admission.region})`, async () => {
        const cases = new Map<string, Case>();
        for (const state of OPEN_STATES) cases.set(state, await fresh(state).to(state));
        const recognised = await fresh('recognised').to('recognised');
        const requested = cases.get('requested')!;
        await suspend(side.id);
        const error = 'RecognitionSideInactive';
        await refuses(requested.act({ action: 'complete' }), error, side.id);
        for (const one of cases.values()) {
          await one.act({ action: 'lapse' });
          expect(await stateOf(one)).to.equal('lapsed');
        }
        await refuses(
          recognised.act({ action: 'lapse' }),
          'RecognitionWrongState',
          recognised.id,
          5,
          CASE_ACTIONS.indexOf('lapse'),
        );
      });
    }

    it('no request comes, and the applicant can still withdraw', async () => {
      const one = await fresh('one').to('requested');
      await suspend(dafeng.id);
      await refuses(
        fresh('two').act({ action: 'request' }),
        'RecognitionUnauthorized',
        dafeng.id,
        dafeng.wallet.address,
      );
      await one.act({ action: 'withdraw' });
    });

    it('a recognition is ended by the other', async () => {
      const one = await fresh('one').to('recognised');
      await suspend(dafeng.id);
      await refuses(one.act({ action: 'invalidate' }), 'RecognitionSideInactive', dafeng.id);
      await one.act({ action: 'invalidate', role: 'host-decider' });
    });
  });

  it('are carried to the chain by anyone', async () => {
    const one = await fresh().to('requested');
    const step = await one.step({ action: 'complete' });
    await (await sides.c.recognitionAs(stranger(5))).act(one.terms, encode(step), ...one.sign(step));
    expect(await stateOf(one)).to.equal('complete');
  });
});

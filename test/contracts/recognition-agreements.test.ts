import { expect } from 'chai';
import { ZeroAddress, ZeroHash } from 'ethers';
import { agreementIdOf, type AgreementId, type AgreementTerms } from '../../node/core/recognition.ts';
import { deployment, digest, stranger, walletOf } from './helpers/consortium.ts';
import type { Body } from './helpers/consortium.ts';
import { DAY, FAR, Recognition, dafeng, officers, shanghai, suzhou } from './helpers/recognition.ts';
import { NONE, spoiled } from './helpers/signatures.ts';
import type { Snapshot } from './helpers/recognition.ts';

const notice = digest('notice');

describe('RecognitionRegistry: agreements and officers', () => {
  let sides: Recognition;
  let snapshot: Snapshot;

  before(async () => {
    sides = await Recognition.create();
    snapshot = await sides.c.networkHelpers.takeSnapshot();
  });

  beforeEach(() => snapshot.restore());

  async function refuses(promise: Promise<unknown>, error: string, ...args: unknown[]): Promise<void> {
    await expect(promise)
      .to.be.revertedWithCustomError(sides.c.recognition, error)
      .withArgs(...args);
  }

  const state = async (terms: AgreementTerms): Promise<number[]> => {
    const { proposedAt, agreedAt, endsAt, edition } = await sides.c.recognition.agreementOf(
      terms.second,
      terms.first,
      agreementIdOf(terms),
    );
    return [proposedAt, agreedAt, endsAt, edition].map(Number);
  };
  const propose = async (terms: AgreementTerms, by: Body = dafeng) => (await sides.as(by)).propose(terms);
  const countersign = async (terms: AgreementTerms, by: Body = shanghai) => (await sides.as(by)).countersign(terms);
  const give = async (terms: AgreementTerms, by: Body) => (await sides.as(by)).giveNotice(terms, notice);
  const suspend = (side: Body) => sides.c.vote('suspend', [side.id, digest('why')]);

  it('belongs to its consortium, and says what it signs in', async () => {
    const { recognition, membership } = sides.c;
    expect(await recognition.membership()).to.equal(await membership.getAddress());
    const { fields, verifyingContract, salt } = await recognition.eip712Domain();
    expect([fields, verifyingContract, salt]).to.deep.equal(['0x1f', await recognition.getAddress(), deployment]);
    const terms = await sides.terms();
    expect(await recognition.agreementId(terms)).to.equal(agreementIdOf(terms));
    const one = sides.caseOf(terms, 'one');
    expect(await recognition.caseId(one.terms)).to.equal(one.id);
  });

  describe('propose', () => {
    it('is for the first side, and says all in its event', async () => {
      const terms = await sides.terms();
      const transaction = await propose(terms);
      const { first, second } = terms;
      await expect(transaction)
        .to.emit(sides.c.recognition, 'AgreementProposed')
        .withArgs(agreementIdOf(terms), first, second, Object.values(terms));
      expect(await state(terms)).to.deep.equal([await sides.now(), 0, 0, 0]);
    });

    it('is for nobody else, and once', async () => {
      const terms = await sides.terms();
      const { address } = shanghai.wallet;
      await refuses(propose(terms, shanghai), 'RecognitionUnauthorized', dafeng.id, address);
      await suspend(dafeng);
      await refuses(propose(terms), 'RecognitionUnauthorized', dafeng.id, dafeng.wallet.address);
      await sides.c.vote('resume', [dafeng.id]);
      await propose(terms);
      await refuses(propose(terms), 'RecognitionAlreadyProposed', agreementIdOf(terms));
    });

    it('takes no terms that make no sense', async () => {
      const now = await sides.now();
      const changes: Partial<AgreementTerms>[] = [
        { document: ZeroHash as AgreementTerms['document'] },
        { second: dafeng.id as AgreementTerms['second'] },
        { validFrom: FAR },
        { validFrom: 0, validTo: now },
        { officialLeastDays: 21 },
        { applicantLeastDays: 31 },
        { validityDays: 0 },
      ];
      for (const change of changes) {
        const terms = await sides.terms(change);
        await refuses(propose(terms), 'RecognitionInvalidTerms', agreementIdOf(terms));
      }
    });
  });

  describe('countersign', () => {
    it('puts it in force', async () => {
      const terms = await sides.terms();
      await propose(terms);
      const proposed = await sides.now();
      await expect(await countersign(terms))
        .to.emit(sides.c.recognition, 'AgreementCountersigned')
        .withArgs(agreementIdOf(terms), 1);
      expect(await state(terms)).to.deep.equal([proposed, await sides.now(), 0, 1]);
      for (const [a, b] of [
        [dafeng.id, shanghai.id],
        [shanghai.id, dafeng.id],
      ] as const) {
        expect(await sides.c.recognition.lastAgreement(a, b)).to.equal(agreementIdOf(terms));
      }
    });

    it('is for the second side of what was proposed, once, while both are active', async () => {
      const terms = await sides.terms();
      const id = agreementIdOf(terms);
      await refuses(countersign(terms), 'RecognitionNotProposed', id);
      await propose(terms);
      await refuses(countersign(terms, dafeng), 'RecognitionUnauthorized', shanghai.id, dafeng.wallet.address);
      await suspend(dafeng);
      await refuses(countersign(terms), 'RecognitionSideInactive', dafeng.id);
      await sides.c.vote('resume', [dafeng.id]);
      await sides.c.vote('setRoles', [dafeng.id, 2]);
      await refuses(countersign(terms), 'RecognitionSideInactive', dafeng.id);
      await sides.c.vote('setRoles', [dafeng.id, 8]);
      await countersign(terms);
      await refuses(countersign(terms), 'RecognitionAlreadyAgreed', id);
    });

    it('comes too late after the term, or after the proposal was taken back', async () => {
      const until = (await sides.now()) + 1000;
      const short = await sides.terms({ validTo: until });
      const back = await sides.terms({ document: digest('other') as AgreementTerms['document'] });
      await propose(short);
      await propose(back);
      await give(back, dafeng);
      await refuses(countersign(back), 'RecognitionAlreadyEnded', agreementIdOf(back), await sides.now());
      await sides.c.networkHelpers.time.setNextBlockTimestamp(until);
      await refuses(countersign(short), 'RecognitionNotInForce', agreementIdOf(short), until);
    });
  });

  describe('editions', () => {
    it('name the one before, and replace it on their day', async () => {
      const one = await sides.agree(await sides.terms());
      const from = (await sides.now()) + 10 * DAY;
      const fresh = { previous: agreementIdOf(one), validFrom: from, first: one.second, second: one.first };
      const two = await sides.terms(fresh);
      await propose(two, shanghai);
      await expect(await countersign(two, dafeng))
        .to.emit(sides.c.recognition, 'AgreementEnded')
        .withArgs(agreementIdOf(one), dafeng.id, from, ZeroHash);
      expect((await state(one))[2]).to.equal(from);
      expect((await state(two))[3]).to.equal(2);
      const three = await sides.agree(await sides.terms({ previous: agreementIdOf(two) }));
      expect((await state(two))[2]).to.equal(await sides.now());
      expect((await state(three))[3]).to.equal(3);
    });

    it('do not put off an end that a notice brought', async () => {
      const one = await sides.agree(await sides.terms({ noticeDays: 1 }));
      await give(one, shanghai);
      const end = (await sides.now()) + DAY;
      const validFrom = end + DAY;
      await sides.agree(await sides.terms({ previous: agreementIdOf(one), validFrom }));
      expect((await state(one))[2]).to.equal(end);
    });

    it('bring an end forward that a notice brought', async () => {
      const one = await sides.agree(await sides.terms());
      await give(one, shanghai);
      await sides.agree(await sides.terms({ previous: agreementIdOf(one) }));
      expect((await state(one))[2]).to.equal(await sides.now());
    });

    it('are refused beside the one in force', async () => {
      const one = await sides.agree(await sides.terms());
      const beside = await sides.terms({ document: digest('beside') as AgreementTerms['document'] });
      const wrong = await sides.terms({ previous: digest('none') as AgreementId });
      await propose(beside);
      await propose(wrong);
      await refuses(countersign(beside), 'RecognitionWrongPrevious', agreementIdOf(one), ZeroHash);
      await refuses(countersign(wrong), 'RecognitionWrongPrevious', agreementIdOf(one), wrong.previous);
    });
  });

  describe('notice', () => {
    it('of either side ends it after the days agreed, once', async () => {
      for (const [side, name] of [
        [dafeng, 'a'],
        [shanghai, 'b'],
      ] as const) {
        await snapshot.restore();
        const terms = await sides.agree(
          await sides.terms({ document: digest(name) as AgreementTerms['document'], noticeDays: 30 }),
        );
        const transaction = await give(terms, side);
        const end = (await sides.now()) + 30 * DAY;
        await expect(transaction)
          .to.emit(sides.c.recognition, 'AgreementEnded')
          .withArgs(agreementIdOf(terms), side.id, end, notice);
        await refuses(give(terms, side), 'RecognitionAlreadyEnded', agreementIdOf(terms), end);
      }
    });

    it('is for the sides alone, of what was proposed', async () => {
      const terms = await sides.terms();
      await refuses(give(terms, dafeng), 'RecognitionNotProposed', agreementIdOf(terms));
      await sides.agree(terms);
      await refuses(give(terms, suzhou), 'RecognitionUnauthorized', suzhou.id, suzhou.wallet.address);
      await suspend(shanghai);
      await refuses(give(terms, shanghai), 'RecognitionUnauthorized', shanghai.id, shanghai.wallet.address);
    });
  });

  describe('officers', () => {
    const officer = walletOf('an officer');

    it('are enrolled by their centre, with their word, for a tenure', async () => {
      await expect(await sides.enrol(dafeng, officer, 3, FAR))
        .to.emit(sides.c.recognition, 'OfficerEnrolled')
        .withArgs(dafeng.id, officer.address, 3, FAR);
      const { since, until, duties } = await sides.c.recognition.officerOf(dafeng.id, officer.address);
      expect([since, until, duties].map(Number)).to.deep.equal([await sides.now(), FAR, 3]);
    });

    it('need a tenure, a duty, and to hold their key', async () => {
      const now = await sides.now();
      await sides.c.networkHelpers.time.setNextBlockTimestamp(now + 10);
      await refuses(
        sides.enrol(dafeng, officer, 1, now + 10),
        'RecognitionInvalidTenure',
        officer.address,
        1,
        now + 10,
      );
      for (const duties of [0, 4]) {
        await refuses(sides.enrol(dafeng, officer, duties), 'RecognitionInvalidTenure', officer.address, duties, FAR);
      }
      const contract = await sides.as(dafeng);
      const { handler } = officers.home;
      const forged = sides.enrolment(dafeng, officer, 1, FAR, handler);
      await refuses(
        contract.enrol(officer.address, 1, FAR, forged),
        'RecognitionInvalidSignature',
        officer.address,
        handler.address,
      );
      for (const [why, signature] of spoiled(sides.enrolment(dafeng, officer, 1))) {
        await expect(contract.enrol(officer.address, 1, FAR, signature), why)
          .to.be.revertedWithCustomError(contract, 'RecognitionInvalidSignature')
          .withArgs(officer.address, ZeroAddress);
      }
      await refuses(contract.enrol(ZeroAddress, 1, FAR, NONE), 'RecognitionInvalidSignature', ZeroAddress, ZeroAddress);
    });

    it('are no concern of others', async () => {
      const word = sides.enrolment(dafeng, officer, 1);
      const anyone = await sides.c.recognitionAs(stranger(1));
      await refuses(anyone.enrol(officer.address, 1, FAR, word), 'RecognitionUnauthorized', ZeroHash, stranger(1));
      await refuses(anyone.dismiss(officer.address), 'RecognitionUnauthorized', ZeroHash, stranger(1));
    });

    it('are dismissed at once, once, and can come back', async () => {
      const { handler } = officers.home;
      const contract = await sides.as(dafeng);
      await expect(await contract.dismiss(handler.address))
        .to.emit(contract, 'OfficerDismissed')
        .withArgs(dafeng.id, handler.address);
      expect((await contract.officerOf(dafeng.id, handler.address)).until).to.equal(BigInt(await sides.now()));
      await refuses(contract.dismiss(handler.address), 'RecognitionNotEnrolled', dafeng.id, handler.address);
      await refuses(contract.dismiss(stranger(2)), 'RecognitionNotEnrolled', dafeng.id, stranger(2));
      await sides.enrol(dafeng, handler, 1);
      expect((await contract.officerOf(dafeng.id, handler.address)).until).to.equal(BigInt(FAR));
    });
  });
});

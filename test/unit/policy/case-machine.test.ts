import { expect } from 'chai';
import type { CaseKind } from '../../../node/core/case-act.ts';
import { firstStep, isOverdue, standingOf, type TakenStep } from '../../../node/policy/case-machine.ts';
import { builtInPolicies } from '../../../node/policy/rules.ts';
import { codeOf } from '../../helpers/code-of.ts';

const rules = { policies: builtInPolicies, region: '310000' };

type Short = [step: TakenStep['step'], date: string, outcome?: TakenStep['outcome']];

const BY_SUBJECT = new Set(['file', 'withdraw', 'state', 'apply', 'supplement']);

function standing(kind: CaseKind, ...steps: Short[]) {
  const taken = steps.map(([step, date, outcome]): TakenStep => {
    return { step, by: BY_SUBJECT.has(step) ? 'subject' : 'agency', date, outcome };
  });
  return standingOf(kind, taken, rules);
}

describe('An objection', () => {
  it('is to be answered within the working days of its region', () => {
    const filed = standing('objection', ['file', '2026-09-30']);
    expect(filed).to.include({ state: 'open', turn: 'agency', opened: '2026-09-30', extended: false });
    expect(filed.due).to.include({ date: '2026-10-13', provisional: false });
    expect([isOverdue(filed, '2026-10-13'), isOverdue(filed, '2026-10-14')]).to.deep.equal([false, true]);
    const elsewhere = standingOf('objection', [{ step: 'file', by: 'subject', date: '2026-09-30' }], {
      policies: builtInPolicies,
      region: '440300',
    });
    expect(elsewhere.due?.date).to.equal('2026-10-09');
  });

  it('ends upheld with an outcome, rejected, or withdrawn', () => {
    expect(standing('objection', ['file', '2026-06-01'], ['uphold', '2026-06-02', 'deleted'])).to.include({
      state: 'upheld',
      outcome: 'deleted',
      closed: '2026-06-02',
    });
    expect(standing('objection', ['file', '2026-06-01'], ['withdraw', '2026-06-01']).state).to.equal('withdrawn');
    const rejected: Short[] = [
      ['file', '2026-06-01'],
      ['reject', '2026-06-03'],
    ];
    expect(standing('objection', ...rejected)).to.not.have.property('due');
    expect(standing('objection', ...rejected, ['state', '2026-06-20']).state).to.equal('disputed');
  });

  it('is put off once, where the rules of the region allow it at all, and while it is not late', () => {
    const zhejiang = (date: string, ...more: string[]) =>
      standingOf(
        'objection',
        [
          { step: 'file', by: 'subject', date: '2026-06-01' },
          ...[date, ...more].map((own): TakenStep => ({ step: 'extend', by: 'agency', date: own })),
        ],
        { policies: builtInPolicies, region: '330100' },
      );
    // Five working days, and fifteen on top: twenty in all, with the Dragon Boat holiday in between.
    expect(zhejiang('2026-06-08').due?.date).to.equal('2026-06-30');
    expect(codeOf(() => zhejiang('2026-06-09'))).to.equal('CONFLICT');
    expect(codeOf(() => zhejiang('2026-06-05', '2026-06-08'))).to.equal('CONFLICT');
    expect(codeOf(() => standing('objection', ['file', '2026-06-01'], ['extend', '2026-06-02']))).to.equal('CONFLICT');
  });
});

describe('A repair', () => {
  it('is accepted within three working days and decided within ten', () => {
    expect(standing('repair', ['apply', '2026-06-17']).due?.date).to.equal('2026-06-23');
    expect(standing('repair', ['apply', '2026-06-17'], ['accept', '2026-06-18'])).to.deep.include({
      state: 'accepted',
      turn: 'agency',
    });
    expect(standing('repair', ['apply', '2026-06-17'], ['accept', '2026-06-18']).due?.date).to.equal('2026-07-03');
    expect(standing('repair', ['apply', '2026-06-17'], ['accept', '2026-06-18'], ['approve', '2026-07-30'])).to.include(
      {
        state: 'repaired',
        closed: '2026-07-30',
      },
    );
  });

  it('goes by the edition of the day that it was applied for', () => {
    const before = standing('repair', ['apply', '2026-03-31'], ['accept', '2026-04-01']);
    expect(before.due?.term.citation).to.include('第58号令');
    expect(standing('repair', ['apply', '2026-04-01']).due?.term.citation).to.include('第36号令');
  });

  it('waits for materials that were asked for, and is refused for their want only when that time is over', () => {
    const asked: Short[] = [
      ['apply', '2026-06-01'],
      ['ask', '2026-06-02'],
    ];
    const waits = standing('repair', ...asked);
    expect(waits).to.include({ state: 'incomplete', turn: 'subject' });
    expect(waits.due?.date).to.equal('2026-06-16');
    expect(codeOf(() => standing('repair', ...asked, ['refuse', '2026-06-16']))).to.equal('CONFLICT');
    expect(standing('repair', ...asked, ['refuse', '2026-06-17']).state).to.equal('refused');
    // The time to accept begins anew with what was missing.
    expect(standing('repair', ...asked, ['supplement', '2026-06-10']).due?.date).to.equal('2026-06-15');
  });

  it('can be put off in each of its stages, and is revoked where its commitment was false', () => {
    const accepted: Short[] = [
      ['apply', '2026-06-01'],
      ['accept', '2026-06-01'],
    ];
    expect(standing('repair', ...accepted, ['extend', '2026-06-15'])).to.include({ extended: true, state: 'accepted' });
    const repaired: Short[] = [...accepted, ['approve', '2026-06-02']];
    expect(standing('repair', ...repaired, ['revoke', '2026-08-01'])).to.include({
      state: 'revoked',
      closed: '2026-08-01',
    });
    expect(codeOf(() => standing('repair', ...repaired, ['revoke', '2026-06-01']))).to.equal('MALFORMED');
  });
});

describe('A case', () => {
  it('is begun by one step of its kind', () => {
    expect((['objection', 'repair', 'annulment', 'shielding'] as const).map(firstStep)).to.deep.equal([
      'file',
      'apply',
      'annul',
      'shield',
    ]);
    expect(standing('shielding', ['shield', '2026-06-01'], ['unshield', '2027-06-01']).state).to.equal('ended');
    expect(standing('annulment', ['annul', '2026-06-01']).state).to.equal('annulled');
    expect(codeOf(() => standingOf('repair', [], rules))).to.equal('MALFORMED');
  });

  it('takes no step of another kind, of another party, or with an outcome that is not its own', () => {
    expect(codeOf(() => standing('annulment', ['file', '2026-06-01']))).to.equal('CONFLICT');
    expect(codeOf(() => standing('annulment', ['annul', '2026-06-01'], ['annul', '2026-06-02']))).to.equal('CONFLICT');
    const wrongParty: TakenStep = { step: 'file', by: 'agency', date: '2026-06-01' };
    expect(codeOf(() => standingOf('objection', [wrongParty], rules))).to.equal('FORBIDDEN');
    expect(codeOf(() => standing('objection', ['file', '2026-06-01'], ['uphold', '2026-06-01']))).to.equal('MALFORMED');
    expect(codeOf(() => standing('objection', ['file', '2026-06-01', 'deleted']))).to.equal('MALFORMED');
  });
});

import { expect } from 'chai';
import { builtInPolicies } from '../../../node/policy/rules.ts';
import { Timeliness } from '../../../node/policy/timeliness.ts';

describe('The deadline of publication', () => {
  const timeliness = new Timeliness(builtInPolicies);
  const at = (date: string): number => Date.parse(`${date}T12:00:00+08:00`) / 1_000;
  const late = (decided: unknown, on: string, { item = 'administrative-penalty', since = '2026-01-01' } = {}) =>
    timeliness.lateness({ item, region: '320904', claims: new Map([['CF_JDRQ', decided]]), time: at(on), since: at(since) }); // prettier-ignore

  it('is seven working days behind the decision, holidays left out', () => {
    // From 1 to 7 October 2026 nobody works, and on Saturday the 10th everybody does.
    expect(late('2026-09-28', '2026-10-13')).to.equal(undefined);
    expect(late('2026-09-28', '2026-10-14')).to.deep.equal({ due: '2026-10-13', on: '2026-10-14', decided: '2026-09-28' }); // prettier-ignore
    expect(late('2026-05-06', '2026-05-14')).to.equal(undefined);
    expect(late('2026-05-06', '2026-05-15')).to.include({ due: '2026-05-14' });
  });

  it('is not judged where there is none, nobody can know it, or the log was not there yet', () => {
    expect(late('2026-05-06', '2026-09-01', { item: 'registration' })).to.equal(undefined);
    for (const decided of [null, 7, '', '2026-02-30', '2017-05-02']) expect(late(decided, '2026-09-01')).to.equal(undefined); // prettier-ignore
    expect(late('2030-05-06', '2030-09-01')).to.equal(undefined);
    expect(late('2026-05-06', '2026-09-01', { since: '2026-05-15' })).to.equal(undefined);
    expect(late('2026-05-06', '2026-09-01', { since: '2026-05-14' })).to.include({ due: '2026-05-14' });
  });

  it('names the claim that tells when it was decided, and what it goes by', () => {
    expect(timeliness.decidedIn('administrative-licence')).to.deep.equal(['XK_JDRQ']);
    expect(timeliness.decidedIn('tax-payment')).to.deep.equal([]);
    expect(timeliness.editions).to.have.members(['cn-424-2018-timeliness', 'cn-working-days-2026']);
  });
});

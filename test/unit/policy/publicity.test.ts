import { expect } from 'chai';
import type { ClaimValue } from '../../../node/core/disclosure.ts';
import { publicityOf, type Publicity } from '../../../node/policy/publicity.ts';
import { builtInPolicies } from '../../../node/policy/rules.ts';

function read(today: string, claims: Record<string, ClaimValue>, item = 'administrative-penalty'): Publicity {
  const pack = builtInPolicies.get('publicity', '320904', today);
  return publicityOf(pack, { item, claims: new Map(Object.entries(claims)) }, today);
}

const fine = { CF_JDRQ: '2026-02-10', CF_CFLB: '罚款', CF_WFXW: '虚假宣传' };

describe('Publicity of a record', () => {
  it('is judged by the edition of the day that it is read on', () => {
    expect(read('2026-03-31', fine)).to.include({
      published: true,
      grade: 'general',
      until: '2029-02-10',
      repairFrom: '2026-05-11',
      edition: 'cn-order-58',
    });
    expect(read('2026-04-01', fine)).to.include({ published: true, until: '2027-02-10', edition: 'cn-order-36' });
  });

  it('ends by itself the day after its last', () => {
    expect(read('2027-02-10', fine).published).to.equal(true);
    expect(read('2027-02-11', fine)).to.include({ published: false, why: 'its period ended on 2027-02-10' });
    expect(read('2026-02-09', fine).published).to.equal(false);
  });

  it('goes by the gravest that a decision says', () => {
    const grave = read('2026-06-01', { ...fine, CF_CFLB: '警告;罚款;责令停产停业' });
    expect(grave).to.include({ grade: 'serious', until: '2029-02-10', repairFrom: '2027-02-11', unverified: true });
    // Under the earlier rules a field of heavier duty was what counted.
    expect(read('2026-03-01', { ...fine, CF_WFXW: '经营超过保质期的食品' })).to.include({
      grade: 'serious',
      repairFrom: '2027-02-11',
    });
    expect(read('2026-06-01', { ...fine, CF_CFLB: '其他' }).grade).to.equal('general');
  });

  it('does not publish what is minor, unless its agency says until when', () => {
    const warning = { ...fine, CF_CFLB: '警告' };
    expect(read('2026-03-31', warning)).to.include({ published: false, repairFrom: null });
    expect(read('2026-04-01', warning).published).to.equal(false);
    expect(read('2026-04-01', { ...warning, CF_GSJZQ: '2026-12-31' })).to.include({
      published: true,
      until: '2026-05-10',
    });
  });

  it('ends earlier where the agency says so, never later', () => {
    expect(read('2026-06-01', { ...fine, CF_GSJZQ: '2026-08-01' }).until).to.equal('2026-08-01');
    expect(read('2026-06-01', { ...fine, CF_GSJZQ: '2099-12-31' }).until).to.equal('2027-02-10');
  });

  it('of what says nothing of misconduct lasts as long as it is valid', () => {
    const licence = read('2026-06-01', { validFrom: '2026-01-01', validTo: '2026-06-01' }, 'administrative-licence');
    expect(licence).to.include({ published: true, until: '2026-06-01' });
    expect(licence).to.not.have.any.keys('grade', 'repairFrom');
    expect(read('2026-06-02', { validTo: '2026-06-01' }, 'administrative-licence').published).to.equal(false);
    expect(read('2026-06-02', { validTo: null }, 'administrative-licence')).to.include({
      published: true,
      until: null,
    });
  });

  it('is refused where no date begins it', () => {
    expect(read('2026-06-01', { CF_CFLB: '罚款' })).to.include({ published: false });
  });
});

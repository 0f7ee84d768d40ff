import { expect } from 'chai';
import { addMonths, isDate } from '../../../node/policy/days.ts';
import { termText } from '../../../node/policy/pack-header.ts';
import { diffPacks, packValues } from '../../../node/policy/pack-values.ts';
import { builtInPolicies, Policies, RULE_KINDS, RULE_PACKS, type RulePack } from '../../../node/policy/rules.ts';
import { codeOf } from '../../helpers/code-of.ts';

describe('Rules of law', () => {
  const all = builtInPolicies.list();

  it('are in force by date: one edition of each kind on each side of the change of law', () => {
    const editions = (date: string) => builtInPolicies.inForce('CN', date).map(({ edition }) => edition);
    expect(editions('2026-03-31')).to.include.members(['cn-order-58', 'cn-repair-58']);
    expect(editions('2026-04-01')).to.include.members(['cn-order-36', 'cn-repair-36']);
    expect(editions('2026-04-01')).to.have.length(RULE_KINDS.length);
    expect(builtInPolicies.find('repair', 'CN', '2023-04-30')).to.equal(undefined);
    expect(codeOf(() => builtInPolicies.get('repair', 'CN', '2023-04-30'))).to.equal('NOT_FOUND');
  });

  it('are in force by region: the nearest that has its own goes above the country', () => {
    const edition = (region: string, date = '2026-06-01') => builtInPolicies.get('objection', region, date).edition;
    expect(edition('310000')).to.equal('shanghai-2017');
    expect(edition('310115')).to.equal('shanghai-2017');
    expect(edition('320904')).to.equal('jiangsu-2026');
    expect(edition('320904', '2026-01-31')).to.equal('cn-objection-default');
    expect(edition('440300')).to.equal('shenzhen-2023');
    expect(edition('440100')).to.equal('cn-objection-default');
    expect(edition('CN')).to.equal('cn-objection-default');
  });

  it('set deadlines with their term, calendar and what is provisional', () => {
    const { accept, falseCommitment } = builtInPolicies.get('repair', '320904', '2026-09-28');
    expect(builtInPolicies.deadline('320904', '2026-09-28', accept)).to.deep.equal({
      date: '2026-10-08',
      edition: 'cn-working-days-2026',
      provisional: false,
      term: accept,
    });
    expect(builtInPolicies.deadline('320904', '2026-09-28', falseCommitment)).to.include({
      date: '2029-09-28',
      provisional: true,
    });
    expect(termText(accept)).to.equal('3个工作日 (3 working days)');
  });

  it('have a citation for each value, and nothing about a fee', () => {
    for (const pack of all.filter(({ kind }) => kind !== 'calendar')) {
      expect(pack.citation).to.not.equal('');
      expect(JSON.stringify(pack)).to.not.match(/fee|收费|费用/u);
    }
    // What the press said and no text confirmed must be told as such.
    for (const { edition } of all.filter(({ kind }) => kind !== 'calendar')) {
      if (edition === 'shanghai-2017') continue;
      const values = packValues(all.find((pack) => pack.edition === edition)!);
      expect(
        values.some(({ unverified }) => unverified),
        edition,
      ).to.equal(true);
    }
  });

  it('are told apart, value by value', () => {
    const [before, after] = ['cn-order-58', 'cn-order-36'].map((edition) =>
      builtInPolicies.edition('publicity', edition),
    ) as [RulePack, RulePack];
    const told = diffPacks(before, after);
    const most = told.find(({ path }) => path === 'grades.general.most');
    expect(most?.before?.text).to.equal('3 years');
    expect(most?.after?.text).to.equal('1 years');
    expect(diffPacks(before, before)).to.deep.equal([]);
  });

  const contradictions: [string, (packs: RulePack[]) => unknown][] = [
    ['of an unknown kind', () => ({ kind: 'colour' })],
    ['of no kind', () => ({ edition: 'x' })],
    ['two of which are in force at once', ([pack]) => ({ ...pack, edition: 'another' })],
    ['two of which have one edition', ([pack]) => ({ ...pack, jurisdiction: '110000' })],
    [
      'that end before they begin',
      ([pack]) => ({ ...pack, effectiveTo: '1999-01-01', edition: 'x', jurisdiction: '110000' }),
    ],
    [
      'of a date that is none',
      ([pack]) => ({ ...pack, effectiveFrom: '2026-02-30', edition: 'x', jurisdiction: '110000' }),
    ],
    ['with a member that nobody knows', ([pack]) => ({ ...pack, fee: 10, edition: 'x', jurisdiction: '110000' })],
    [
      'with a measure twice',
      (packs) => {
        const pack = structuredClone(packs.find((own): own is RulePack<'measures'> => own.kind === 'measures')!);
        return { ...pack, edition: 'x', jurisdiction: '110000', measures: [...pack.measures, pack.measures[0]] };
      },
    ],
    [
      'with a measure of no class',
      (packs) => {
        const pack = structuredClone(packs.find((own): own is RulePack<'measures'> => own.kind === 'measures')!);
        pack.measures[0]!.class = 'Z';
        return { ...pack, edition: 'x', jurisdiction: '110000' };
      },
    ],
    [
      'with a matter that is not listed',
      (packs) => {
        const pack = structuredClone(packs.find((own): own is RulePack<'measures'> => own.kind === 'measures')!);
        pack.measures[0]!.matters.push('anything');
        return { ...pack, edition: 'x', jurisdiction: '110000' };
      },
    ],
    [
      'without one of the grades',
      (packs) => {
        const pack = structuredClone(packs.find((own): own is RulePack<'publicity'> => own.kind === 'publicity')!);
        return { ...pack, edition: 'x', jurisdiction: '110000', grades: pack.grades.slice(1) };
      },
    ],
  ];
  for (const [name, change] of contradictions) {
    it(`are refused ${name}`, () => {
      const packs = RULE_PACKS.flat() as RulePack[];
      expect(codeOf(() => new Policies([...packs, change(packs)]))).to.equal('MALFORMED');
    });
  }

  it('count months to the same day, or the last of a month', () => {
    expect(addMonths('2026-01-31', 1)).to.equal('2026-02-28');
    expect(addMonths('2024-02-29', 12)).to.equal('2025-02-28');
    expect(addMonths('2025-12-31', 3)).to.equal('2026-03-31');
    expect(['2026-02-28', '2026-02-30', '2026-2-3', 'x'].map(isDate)).to.deep.equal([true, false, false, false]);
  });
});

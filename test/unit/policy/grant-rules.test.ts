import { expect } from 'chai';
import { newAccountSecret } from '../../../node/core/account.ts';
import type { GrantArtefact } from '../../../node/core/grant.ts';
import { parseArtefact } from '../../../node/core/grant.ts';
import type { WantedGrant } from '../../../node/core/grant-request.ts';
import { memberIdOf } from '../../../node/core/ids.ts';
import { draftGrant } from '../../../node/core/make-grant.ts';
import { makeUscc } from '../../../node/core/uscc.ts';
import { GRANT_PACKS, GrantRules } from '../../../node/policy/grant-rules.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import authorisation from '../../../node/policy/packs/cn-enterprise-authorisation.json' with { type: 'json' };
import { codeOf } from '../../helpers/code-of.ts';
import { company } from '../../helpers/rows.ts';

const DAY = 86_400;
const NOW = Date.UTC(2026, 5, 1, 16) / 1000;
const rules = new GrantRules(GRANT_PACKS, builtInCatalogue);
const bank = makeUscc({ authority: '9', category: '1', region: '320904', body8: 'MA190404' });
const key = newAccountSecret();

const WANTED: WantedGrant = {
  subject: { uscc: company(1), name: '盐城某某科技有限公司' },
  grantee: { member: memberIdOf(bank), uscc: bank, name: '大丰示范农村商业银行' },
  items: [
    { item: 'tax-payment', months: 24 },
    { item: 'social-insurance', months: 12 },
  ],
  regions: ['320900', '310000'],
  purpose: 'pre-loan',
  matter: 'DK-2026-0001',
  uses: 1,
  from: NOW,
  to: NOW + 365 * DAY,
  retentionDays: 1_825,
  automated: '',
  policy: 'cn-authorisation-2026',
};

/** With words as `by` writes them. */
function artefactOf(change: Partial<WantedGrant> = {}, by = rules): GrantArtefact {
  const draft = draftGrant({ ...WANTED, ...change }, '客户端', (core) => by.describe(core), key);
  return parseArtefact(draft.artefact).artefact;
}

const codesOf = (artefact: GrantArtefact, by = rules) => by.faults(artefact).map(({ code }) => code);

describe('Rules of grants', () => {
  it('find no fault with a grant up to their limits', () => {
    expect(rules.faults(artefactOf())).to.deep.equal([]);
    for (const { purpose } of rules.current().purposes) expect(codesOf(artefactOf({ purpose }))).to.deep.equal([]);
  });

  it('name every fault, with what was wanted and what came', () => {
    const wrong = { ...artefactOf(), purpose: 'curiosity', to: NOW + 365 * DAY + 1, retentionDays: 1_826 };
    const items = [...wrong.items, { item: 'horoscope', months: 1 }, { item: 'palmistry', months: 1 }];
    const faults = rules.faults({ ...wrong, items });
    expect(faults.map(({ code }) => code)).to.deep.equal(['purpose', 'term', 'retention', 'item', 'item']);
    expect(faults[0]).to.deep.include({ got: 'curiosity' });
    expect(faults[0]!.wanted).to.contain('pre-loan');
    expect(faults[1]).to.deep.include({ wanted: 'at most 365 days', got: '365.0 days' });
    expect(faults[2]).to.deep.include({ wanted: 'at most 1825 days', got: '1826 days' });
    expect(faults.slice(3).map(({ got }) => got)).to.deep.equal(['horoscope', 'palmistry']);
  });

  it('know no other edition', () => {
    const [fault, ...more] = rules.faults({ ...artefactOf(), policy: 'cn-authorisation-1999', purpose: 'curiosity' });
    expect(fault).to.deep.equal({ code: 'edition', wanted: 'cn-authorisation-2026', got: 'cn-authorisation-1999' });
    expect(more).to.deep.equal([]);
    expect(rules.leastLevel('cn-authorisation-1999', 'tax-payment')).to.equal(undefined);
  });

  it('take an item by its code, not by its short name', () => {
    expect(codesOf({ ...artefactOf(), items: [{ item: 'ns', months: 1 }] })).to.deep.equal(['item']);
  });

  it('want the words that they write, to the letter', () => {
    const { text, ...artefact } = artefactOf();
    for (const other of [
      `${text} `,
      ` ${text}`,
      text.replace(':', ': '),
      text.replace('24', '12'),
      text.normalize('NFD') + '。',
      '同意',
    ])
      expect(codesOf({ ...artefact, text: other }), other).to.deep.equal(['text']);
    expect(codesOf({ ...artefact, text })).to.deep.equal([]);
    const [fault] = rules.faults({ ...artefact, text: '同意' });
    expect(fault).to.deep.equal({ code: 'text', wanted: text, got: '同意' });
  });

  it('find the same faults with what is asked for, but for its words', () => {
    expect(rules.wantedFaults(WANTED)).to.deep.equal([]);
    const codes = rules.wantedFaults({ ...WANTED, purpose: 'curiosity', retentionDays: 9_999 }).map(({ code }) => code);
    expect(codes).to.deep.equal(['purpose', 'retention']);
  });

  it('want the level of the pack, or that of the item', () => {
    expect(rules.leastLevel('cn-authorisation-2026', 'tax-payment')).to.equal('B');
    const pack = { ...authorisation, levels: [{ item: 'social-insurance', least: 'A' }] };
    const strict = new GrantRules([pack], builtInCatalogue);
    const levels = ['tax-payment', 'social-insurance'].map((item) => strict.leastLevel(pack.edition, item));
    expect(levels).to.deep.equal(['B', 'A']);
  });

  it('make new grants under the edition that came into force last', () => {
    const later = { ...authorisation, edition: 'cn-authorisation-2027', effectiveFrom: '2027-01-01', maxTermDays: 30 };
    for (const packs of [
      [authorisation, later],
      [later, authorisation],
    ]) {
      const both = new GrantRules(packs, builtInCatalogue);
      expect(both.current().edition).to.equal('cn-authorisation-2027');
      expect(codesOf(artefactOf(), both)).to.deep.equal([]);
      expect(codesOf({ ...artefactOf(), policy: later.edition }, both)).to.deep.equal(['term']);
    }
  });

  it('are refused where a pack is none', () => {
    for (const change of [
      { maxTermDays: 0 },
      { leastLevel: 'D' },
      { purposes: ['pre-loan'] },
      { extra: 1 },
      { levels: undefined },
    ])
      expect(codeOf(() => new GrantRules([{ ...authorisation, ...change }], builtInCatalogue))).to.equal('MALFORMED');
    expect(() => new GrantRules([], builtInCatalogue).current()).to.throw(RangeError);
  });

  it('that come with the software are marked as unverified', () => {
    expect(GRANT_PACKS).to.deep.equal([authorisation]);
    expect(rules.current()).to.include({ unverified: true, jurisdiction: 'CN' });
    expect(rules.current().note).to.contain('unverified');
  });
});

describe('The words of a grant', () => {
  it('say all that it allows, in the enterprise’s own terms', () => {
    expect(artefactOf().text.split('\n')).to.deep.equal([
      `授权人:盐城某某科技有限公司(统一社会信用代码 ${company(1)})`,
      `被授权人:大丰示范农村商业银行(统一社会信用代码 ${bank})`,
      '授权查询的信息:纳税信息(最近24个月)、社会保险缴纳信息(最近12个月)',
      '信息来源地区(行政区划代码):320900、310000',
      '用途:贷前审查;业务编号:DK-2026-0001',
      '方式:可查询1次',
      '授权期:2026-06-02 00:00:00起至2027-06-02 00:00:00止(北京时间)',
      '被授权人留存期限:1825天;不得向第三方转移',
      '自动化决策说明:无',
      '撤回方式:客户端;撤回即时生效,不影响撤回前的查询,也不影响办理其他业务',
    ]);
    const lines = artefactOf({ uses: 0, automated: '评分模型' }).text.split('\n');
    expect(lines[5]).to.equal('方式:授权期内可多次查询');
    expect(lines[8]).to.equal('自动化决策说明:评分模型');
  });

  it('are others for every other grant', () => {
    const changes: Partial<WantedGrant>[] = [
      {},
      { subject: { uscc: company(2), name: WANTED.subject.name } },
      { subject: { ...WANTED.subject, name: '另一公司' } },
      { grantee: { ...WANTED.grantee, name: '另一银行' } },
      { grantee: { member: memberIdOf(company(3)), uscc: company(3), name: WANTED.grantee.name } },
      { items: WANTED.items.slice(1) },
      { items: WANTED.items.toReversed() },
      { items: [{ item: 'tax-payment', months: 23 }, WANTED.items[1]!] },
      { items: [{ item: 'utility-payment', months: 24 }, WANTED.items[1]!] },
      { regions: ['320900'] },
      { purpose: 'post-loan' },
      { matter: 'DK-2026-0002' },
      { uses: 0 },
      { uses: 2 },
      { from: NOW + 1 },
      { to: NOW + 86_400 },
      { retentionDays: 1 },
      { automated: '有' },
    ];
    const texts = changes.map((change) => artefactOf(change).text);
    expect(new Set(texts).size).to.equal(texts.length);
    const wanted = changes.map((change) => rules.describeWanted({ ...WANTED, ...change }));
    expect(new Set(wanted).size).to.equal(wanted.length);
    for (const [i, text] of texts.entries()) expect(text.startsWith(`${wanted[i]}\n`)).to.equal(true);
  });

  it('cannot be written of an item that nobody knows', () => {
    expect(codeOf(() => rules.describeWanted({ ...WANTED, items: [{ item: 'horoscope', months: 1 }] }))).to.equal(
      'NOT_FOUND',
    );
  });
});

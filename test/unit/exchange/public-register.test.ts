import { expect } from 'chai';
import type { CaseAct } from '../../../node/core/case-act.ts';
import type { RecordId } from '../../../node/core/ids.ts';
import type { PublicSearch } from '../../../node/core/messages/register.ts';
import { verifyBundle } from '../../../node/core/verify-bundle.ts';
import { PublicRegister } from '../../../node/exchange/public-register.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import type { Batch } from '../../../node/store/store.ts';
import { context, openAgency, type Agency } from '../../helpers/agency.ts';
import { MEMBER } from '../../helpers/bundle.ts';
import { materials, newCaseId, openCases, type Cases } from '../../helpers/cases.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { AGENCY, company, licence, penalty } from '../../helpers/rows.ts';

const CHINA = (date: string) => Date.parse(`${date}T10:00:00+08:00`);
const NAME = '盐城某某商贸有限公司1';

describe('The public register of a member', () => {
  let agency: Agency;
  let cases: Cases;
  let register: PublicRegister<Batch>;
  let record: RecordId;

  beforeEach(async () => {
    agency = await openAgency(await memoryStore());
    agency.clock.milliseconds = CHINA('2026-06-01');
    cases = openCases(agency);
    const { files, opened } = cases;
    register = new PublicRegister<Batch>({
      store: agency.recordStore,
      opened,
      files,
      records: agency.records,
      catalogue: builtInCatalogue,
      clock: agency.clock,
    });
    [record] = (await cases.publish('cf', [penalty(1), penalty(2)])) as [RecordId];
  });

  const member = () => ({ ...cases.member, reading: agency.reading });
  const search = async (wanted: Omit<PublicSearch, 'member'>) =>
    (await register.search(member(), { member: MEMBER, ...wanted })).records;
  const found = async (wanted: Omit<PublicSearch, 'member'> = { code: company(1) }) =>
    (await search(wanted)).map((one) => one.record);
  const act = (step: CaseAct['step'], change: Partial<CaseAct> = {}): CaseAct => {
    return { record, case: 'AAAAAAAAAAAAAAAAAAAAAA', seq: 0, kind: 'repair', step, ...change };
  };

  it('finds by code and by whole name, however that is spelt, and by nothing else', async () => {
    expect(await found()).to.deep.equal([record]);
    expect(await found({ name: ` 盐城某某商贸 有限公司１` })).to.deep.equal([record]);
    for (const wanted of [{ name: '盐城某某商贸' }, { code: company(3) }, { name: 'no such name' }])
      expect(await found(wanted)).to.deep.equal([]);
    for (const wanted of [{}, { code: company(1), name: NAME }])
      expect(await rejection(search(wanted))).to.have.property('code', 'MALFORMED');
  });

  it('shows what is published with its rules, and a proof that verifies', async () => {
    await agency.settle();
    const [shown] = await search({ code: company(1) });
    expect(shown).to.include({ item: 'administrative-penalty', objected: false, subject: company(1), version: 1 });
    expect(shown!.publicity).to.include({ until: '2027-05-06', edition: 'cn-order-36', unverified: true });
    expect(JSON.stringify(shown)).to.not.include('李四');
    const { bundle } = await register.record(member(), record);
    expect(verifyBundle(bundle, context)).to.include({ ok: true });
  });

  it('knows a name as it is now', async () => {
    await cases.publish('cf', [penalty(1, { CF_XDR_MC: '盐城更名有限公司' })]);
    expect(await found({ name: NAME })).to.deep.equal([]);
    expect(await found({ name: '盐城更名有限公司' })).to.deep.equal([record]);
  });

  it('has nothing the day after the period, and nothing before it can be proved', async () => {
    agency.clock.milliseconds = CHINA('2027-05-06');
    expect(await found()).to.deep.equal([record]);
    agency.clock.milliseconds = CHINA('2027-05-07');
    expect(await found()).to.deep.equal([]);
    expect(await rejection(register.record(member(), record))).to.have.property('code', 'NOT_FOUND');
    await agency.open('file-unsigned', 'xk');
    await agency.send('file-unsigned', 0, [licence(9)]);
    expect(await found({ code: company(9) })).to.deep.equal([]);
  });

  it('has nothing of class shared or authorised', async () => {
    const tax = { NS_MC: '盐城某某商贸有限公司1', NS_LB: '法人及非法人组织', NS_SHXYM: company(1), NS_BH: 'SB1', NS_SSQ_Q: '2026-01-01', NS_SSQ_Z: '2026-03-31', NS_SZ: '增值税', NS_YJSE: '1', NS_SJSE: '1', NS_LYDW: '税务局', NS_LYDWDM: AGENCY }; // prettier-ignore
    const [hidden] = (await cases.publish('ns', [tax])) as [RecordId];
    expect(hidden).to.be.a('string');
    expect(await found()).to.deep.equal([record]);
    expect(await rejection(register.record(member(), hidden))).to.have.property('code', 'NOT_FOUND');
  });

  it('marks an open objection, then shows the words of who was not heard', async () => {
    const filed = act('file', { kind: 'objection', ground: 'factual-error', text: '罚款金额有误' });
    await cases.subject(company(1), filed);
    expect((await search({ code: company(1) }))[0]).to.include({ objected: true });
    await cases.agency(act('reject', { kind: 'objection', seq: 1, text: '无误' }));
    await cases.subject(company(1), act('state', { kind: 'objection', seq: 2, text: '本公司不认可' }));
    expect((await search({ code: company(1) }))[0]).to.include({ objected: false, statement: '本公司不认可' });
  });

  it('has a record no more from the moment that it is repaired, annulled or shielded', async () => {
    agency.clock.milliseconds = CHINA('2026-08-10');
    await cases.subject(company(1), act('apply', { materials }));
    await cases.agency(act('accept', { seq: 1 }));
    expect(await found()).to.deep.equal([record]);
    await cases.agency(act('approve', { seq: 2 }));
    expect(await found()).to.deep.equal([]);
    expect(await found({ name: NAME })).to.deep.equal([]);
    expect(await rejection(register.record(member(), record))).to.have.property('code', 'NOT_FOUND');
    const [other] = await found({ code: company(2) });
    const shield = { record: other!, case: newCaseId(), kind: 'shielding' as const, text: '裁定', materials };
    await cases.agency(act('shield', shield));
    expect(await found({ code: company(2) })).to.deep.equal([]);
    await cases.agency(act('unshield', { ...shield, seq: 1, materials: [] }));
    expect(await found({ code: company(2) })).to.deep.equal([other]);
  });

  it('gives many by the page', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => penalty(7, { CF_WSH: `大市监处〔2026〕7-${i}号` }));
    await cases.publish('cf', rows);
    const first = await register.search(member(), { member: MEMBER, code: company(7) });
    const second = await register.search(member(), { member: MEMBER, code: company(7), after: first.next! });
    expect([first.records.length, second.records.length, second.next]).to.deep.equal([50, 10, undefined]);
    expect(new Set([...first.records, ...second.records].map((one) => one.record)).size).to.equal(60);
  });
});

import { expect } from 'chai';
import { toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { stepCommitment, type CaseAct } from '../../../node/core/case-act.ts';
import { decodeEntry } from '../../../node/core/entry.ts';
import type { RecordId } from '../../../node/core/ids.ts';
import { LateSteps } from '../../../node/exchange/late-steps.ts';
import { LevelAccessStore } from '../../../node/store/access-store.ts';
import { openAgency, silent, type Agency } from '../../helpers/agency.ts';
import { MEMBER } from '../../helpers/bundle.ts';
import { materials, newCaseId, openCases, type Cases } from '../../helpers/cases.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { company, licence, penalty } from '../../helpers/rows.ts';

const CHINA = (date: string) => Date.parse(`${date}T10:00:00+08:00`);

describe('The desk of objections and repairs', () => {
  let agency: Agency;
  let cases: Cases;
  let record: RecordId;

  beforeEach(async () => {
    agency = await openAgency(await memoryStore());
    agency.clock.milliseconds = CHINA('2026-06-01');
    cases = openCases(agency);
    [record] = (await cases.publish('cf', [penalty(1), penalty(2)])) as [RecordId];
  });

  const act = (step: CaseAct['step'], change: Partial<CaseAct> = {}): CaseAct => ({
    record,
    case: 'AAAAAAAAAAAAAAAAAAAAAA',
    seq: 0,
    kind: 'repair',
    step,
    ...change,
  });
  const file = (change: Partial<CaseAct> = {}) =>
    act('file', { kind: 'objection', ground: 'factual-error', text: '罚款金额有误', ...change });
  const apply = (change: Partial<CaseAct> = {}) => act('apply', { materials, ...change });
  const bySubject = (own: CaseAct) => cases.subject(company(1), own);
  const status = () => cases.opened.open(cases.member, record).status;
  const kinds = async () => (await cases.entries()).map(({ kind }) => kind).filter((kind) => kind !== 'status');
  const on = (date: string) => (agency.clock.milliseconds = CHINA(date));

  /** From an application to a repair, on one day. */
  async function repair(id = newCaseId()): Promise<string> {
    await bySubject(apply({ case: id }));
    await cases.agency(act('accept', { case: id, seq: 1 }));
    await cases.agency(act('approve', { case: id, seq: 2 }));
    return id;
  }

  describe('an objection', () => {
    it('marks the record in the same write, and its end takes the mark away', async () => {
      const filed = await bySubject(file());
      expect(filed).to.include({ state: 'open', turn: 'agency', overdue: false, kind: 'objection' });
      expect(filed.due).to.include({ date: '2026-06-08', unverified: true, provisional: false });
      expect(status()).to.equal('objected');
      await cases.agency(act('reject', { kind: 'objection', seq: 1, text: '处罚决定书记载无误' }));
      expect(status()).to.equal('live');
      expect((await kinds()).slice(2)).to.deep.equal(['step', 'objection', 'step', 'objection-closed']);
      const stated = await bySubject(act('state', { kind: 'objection', seq: 2, text: '本公司仍不认可' }));
      expect(stated.state).to.equal('disputed');
    });

    it('goes on to the row that corrects the record, and is upheld only when there is one', async () => {
      await bySubject(file());
      const upheld = act('uphold', { kind: 'objection', seq: 1, text: '已更正', outcome: 'corrected' });
      expect(await rejection(cases.agency(upheld))).to.have.property('code', 'CONFLICT');
      await cases.publish('cf', [penalty(1, { CF_NR_FK: '0.4' })]);
      expect(status()).to.equal('objected');
      expect(await cases.agency(upheld)).to.include({ state: 'upheld', outcome: 'corrected' });
      expect(status()).to.equal('live');
    });

    it('that is upheld by deletion ends the record', async () => {
      await bySubject(file());
      await cases.agency(act('uphold', { kind: 'objection', seq: 1, text: '处罚已撤销', outcome: 'deleted' }));
      expect(status()).to.equal('annulled');
    });

    it('keeps the mark while another one is open', async () => {
      const other = newCaseId();
      await bySubject(file());
      await bySubject(file({ case: other }));
      await bySubject(act('withdraw', { kind: 'objection', seq: 1 }));
      expect(status()).to.equal('objected');
      await bySubject(act('withdraw', { kind: 'objection', case: other, seq: 1 }));
      expect(status()).to.equal('live');
    });

    it('says why it is made', async () => {
      for (const change of [{ text: '' }, { text: ' ' }]) {
        expect(await rejection(bySubject(file(change)))).to.have.property('code', 'MALFORMED');
      }
      const { ground: _, ...without } = file();
      expect(await rejection(bySubject(without))).to.have.property('code', 'MALFORMED');
      expect(await kinds()).to.deep.equal(['publish', 'publish']);
    });
  });

  describe('a repair', () => {
    beforeEach(() => on('2026-08-10'));

    it('is applied for when the least period is over, with the materials of the rules', async () => {
      on('2026-08-06');
      const early = await rejection(bySubject(apply()));
      expect(early).to.have.property('code', 'CONFLICT');
      expect(String(early)).to.include('2026-08-07');
      on('2026-08-07');
      expect(await rejection(bySubject(apply({ materials: materials.slice(1) })))).to.have.property(
        'code',
        'MALFORMED',
      );
      expect(await bySubject(apply())).to.include({ state: 'submitted' });
      expect(await rejection(bySubject(apply({ case: newCaseId() })))).to.have.property('code', 'CONFLICT');
    });

    it('stops use at once, and what was repaired does not come back with a new row', async () => {
      await repair();
      expect(status()).to.equal('repaired');
      expect((await kinds()).slice(2)).to.deep.equal(['step', 'step', 'step', 'repair']);
      const [again] = await cases.publish('cf', [penalty(1, { CF_NR: '罚款六千元' })]);
      expect(again).to.equal(undefined);
      const [same] = await cases.publish('cf', [penalty(1)]);
      expect(same).to.equal(record);
      expect(status()).to.equal('repaired');
      expect(await rejection(bySubject(file({ case: newCaseId() })))).to.have.property('code', 'CONFLICT');
    });

    it('shows the claims to nobody any more, while the receipt of every version still verifies', async () => {
      await agency.settle();
      await repair();
      const withheld = await rejection(agency.records.bundle(agency.reading, { record }));
      expect(withheld).to.have.property('code', 'RECORD_WITHDRAWN');
      const some = await rejection(agency.records.bundle(agency.reading, { record, claims: ['CF_WSH'] }));
      expect(some).to.have.property('code', 'RECORD_WITHDRAWN');
      const receipt = await agency.records.bundle(agency.reading, { record, claims: [] });
      expect(receipt.disclosures).to.deep.equal([]);
      expect(agency.records.status(agency.reading, { record }).versions[0]?.status).to.equal('repaired');
    });

    it('that rests on a false commitment is revoked, and bars others for its time', async () => {
      const id = await repair();
      await cases.agency(act('revoke', { case: id, seq: 3, text: '承诺不实' }));
      expect(status()).to.equal('live');
      on('2029-08-10');
      const barred = await rejection(bySubject(apply({ case: newCaseId() })));
      expect(barred).to.have.property('code', 'CONFLICT');
      expect(String(barred)).to.include('2029-08-10');
      on('2029-08-13');
      expect((await bySubject(apply({ case: newCaseId() }))).state).to.equal('submitted');
    });

    it('is of misconduct: a licence needs none', async () => {
      [record] = (await cases.publish('xk', [licence(1)])) as [RecordId];
      const refused = await rejection(bySubject(apply()));
      expect(refused).to.have.property('code', 'CONFLICT');
    });

    it('takes the mark of an open objection up again when it is revoked', async () => {
      await bySubject(file({ case: newCaseId() }));
      const id = await repair();
      expect(status()).to.equal('repaired');
      await cases.agency(act('revoke', { case: id, seq: 3, text: '承诺不实' }));
      expect(status()).to.equal('objected');
    });
  });

  it('annuls with a ground, and shields while a plan is carried out', async () => {
    const shield = act('shield', { kind: 'shielding', text: '(2026)苏09破1号', materials: materials.slice(0, 1) });
    await cases.agency(shield);
    expect(status()).to.equal('shielded');
    expect(await rejection(cases.agency({ ...shield, case: newCaseId() }))).to.have.property('code', 'CONFLICT');
    await cases.agency(act('unshield', { kind: 'shielding', seq: 1, text: '计划执行完毕' }));
    expect(status()).to.equal('live');
    const annul = act('annul', { kind: 'annulment', case: newCaseId(), text: '主体错误', ground: 'wrong-subject' });
    await cases.agency(annul);
    expect(status()).to.equal('annulled');
    expect(await rejection(cases.agency({ ...annul, case: newCaseId() }))).to.have.property('code', 'CONFLICT');
  });

  it('takes an act once, however often it comes, and no other in its place', async () => {
    await bySubject(file());
    const before = agency.log.size;
    expect((await bySubject(file())).steps).to.have.length(1);
    expect(agency.log.size).to.equal(before);
    expect(await rejection(bySubject(file({ text: '另一理由' })))).to.have.property('code', 'CONFLICT');
    expect(await rejection(bySubject(act('withdraw', { kind: 'objection', seq: 2 })))).to.have.property(
      'code',
      'CONFLICT',
    );
    expect(await rejection(bySubject(act('withdraw', { seq: 1 })))).to.have.property('code', 'CONFLICT');
    const unknown = act('withdraw', { kind: 'objection', case: newCaseId(), seq: 1 });
    expect(await rejection(bySubject(unknown))).to.have.property('code', 'NOT_FOUND');
    const race = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => bySubject(act('withdraw', { kind: 'objection', seq: 1, text: `${i}` }))),
    );
    expect(race.filter((one) => one.status === 'fulfilled')).to.have.length(1);
  });

  it('knows whose record it is, and who may act', async () => {
    expect(await rejection(cases.subject(company(2), file()))).to.have.property('code', 'NOT_FOUND');
    expect(await rejection(bySubject(act('approve')))).to.have.property('code', 'CONFLICT');
    await bySubject(file());
    const uphold = act('uphold', { kind: 'objection', seq: 1, outcome: 'deleted', text: '本公司自行支持' });
    expect(await rejection(bySubject(uphold))).to.have.property('code', 'FORBIDDEN');
    expect(await rejection(cases.agency(uphold, { iss: `0x${'11'.repeat(32)}` }))).to.have.property(
      'code',
      'FORBIDDEN',
    );
    const stale = { iat: Math.floor(agency.clock.now() / 1000) - 301 };
    expect(await rejection(cases.agency(uphold, stale))).to.have.property('code', 'UNAUTHENTICATED');
  });

  it('shows each party every step, under a commitment that the log has', async () => {
    await bySubject(file());
    await agency.checkpointer.sign();
    for (const page of [
      await cases.desk.list(cases.member, {}),
      await cases.desk.listOfSubject(cases.member, company(1), {}),
    ]) {
      const [view] = page.cases;
      const [step] = view!.steps;
      const entry = decodeEntry(Buffer.from(step!.entry, 'base64url'));
      expect(entry.kind === 'step' && toBase64Url(entry.commitment)).to.equal(
        toBase64Url(stepCommitment(step!.opening)),
      );
      expect(step!.inclusion).to.not.equal(undefined);
      expect(step!.opening).to.include({ by: 'subject', member: MEMBER, subject: company(1) });
    }
    expect((await cases.desk.listOfSubject(cases.member, company(2), {})).cases).to.deep.equal([]);
    expect((await cases.desk.list(cases.member, { record })).cases).to.have.length(1);
    expect((await cases.desk.list(cases.member, { case: newCaseId() })).cases).to.deep.equal([]);
    await bySubject(act('withdraw', { kind: 'objection', seq: 1 }));
    expect((await cases.desk.list(cases.member, { open: true })).cases).to.deep.equal([]);
  });

  it('gives its cases by the page', async () => {
    for (let i = 0; i < 23; i++) await bySubject(file({ case: newCaseId() }));
    const first = await cases.desk.list(cases.member, {});
    const second = await cases.desk.list(cases.member, { after: first.next! });
    expect([first.cases.length, second.cases.length, second.next]).to.deep.equal([20, 3, undefined]);
    const own = await cases.desk.listOfSubject(cases.member, company(1), { after: first.next! });
    expect(own.cases.map((one) => one.case)).to.deep.equal(second.cases.map((one) => one.case));
  });

  it('tells who was shown the record when it ends', async () => {
    const bank = `0x${'ab'.repeat(32)}`;
    const { log, vault, commits } = agency;
    const store = new LevelAccessStore(agency.store);
    const opening = {
      type: 'xinlian/receipt/v1',
      salt: toBase64Url(new Uint8Array(32)),
      grantee: bank,
      grant: bank,
      query: toBase64Url(new Uint8Array(32)),
      subject: company(1),
      purpose: 'pre-loan',
      items: ['administrative-penalty'],
      time: 1,
      provider: MEMBER,
      request: toBase64Url(new Uint8Array(32)),
      outcome: 'answered',
      records: [0],
      answer: toBase64Url(new Uint8Array(32)),
      head: { number: 1, time: 1 },
    };
    await commits.run((batch) => {
      const commitment = new Uint8Array(32);
      const position = log.append(batch, { kind: 'receipt', time: 1, commitment });
      const { number } = log.state;
      store.putOpening(batch, number, position, commitment, vault.sealNote(utf8(JSON.stringify(opening)), `opening/${number}/${position}`)); // prettier-ignore
      store.putSubjectReceipt(batch, number, vault.subjectKey(company(1)), position);
    });
    on('2026-08-10');
    await repair();
    const [view] = (await cases.desk.list(cases.member, {})).cases;
    expect(view!.holders).to.deep.equal([bank]);
  });

  it('shows an enterprise what is held of it, with the rules that hold today', async () => {
    const page = await cases.opened.page(cases.member, company(1), undefined);
    expect(page.records.map((own) => own.record)).to.deep.equal([record]);
    const [own] = page.records;
    expect(own).to.include({ item: 'administrative-penalty', class: 'public', status: 'live', version: 1 });
    expect(own!.publicity).to.include({
      published: true,
      until: '2027-05-06',
      repairFrom: '2026-08-07',
      unverified: true,
    });
    expect(own!.claims['CF_XDR_MC']).to.equal('盐城某某商贸有限公司1');
    expect(JSON.stringify(own!.claims)).to.not.include('李四');
    expect((await cases.opened.page(cases.member, company(3), undefined)).records).to.deep.equal([]);
    expect((await cases.opened.page(cases.member, company(1), record)).records).to.deep.equal([]);
  });

  it('tells of a late step, once', async () => {
    await bySubject(file());
    const told: object[] = [];
    const late = new LateSteps({
      files: cases.files,
      members: () => [cases.member],
      logger: { ...silent, warn: (details) => told.push(details) },
    });
    await late.look();
    expect(told).to.deep.equal([]);
    on('2026-06-09');
    await late.look();
    await late.look();
    expect(told).to.deep.equal([
      { member: MEMBER, case: 'AAAAAAAAAAAAAAAAAAAAAA', kind: 'objection', turn: 'agency', due: '2026-06-08' },
    ]);
    late.start();
    await late.stop();
  });

  it('keeps nothing of a case that can be read from the store', async () => {
    await bySubject(file());
    let files = 0;
    for await (const [, value] of agency.store.entries('case')) {
      expect(Buffer.from(value).includes('罚款')).to.equal(false);
      files++;
    }
    expect(files).to.equal(1);
    const reopened = openCases(await openAgency(agency.store, { clock: agency.clock }));
    expect((await reopened.desk.list(reopened.member, {})).cases[0]).to.include({ state: 'open' });
  });
});

import { expect } from 'chai';
import type { XinlianError } from '../../../node/core/errors.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import { makeDocument, parseDocument } from '../../../node/core/case-document.ts';
import { toBase64Url, toHex, type Hex } from '../../../node/core/bytes.ts';
import type { CaseAct, Paper } from '../../../gateway/client/recognition.ts';
import { dueAfter } from '../../../node/policy/due-date.ts';
import { digest } from '../../helpers/consortium-on-anvil.ts';
import { Centre, DAY, NOBODYS, PaperRecognition, signerOf } from '../../helpers/paper-recognition.ts';
import { rejection } from '../../helpers/rejection.ts';
import { codeOf } from '../../helpers/code-of.ts';

const DAFENG = toHex(digest('dafeng')) as MemberId;
const SHANGHAI = toHex(digest('shanghai')) as MemberId;
const SUZHOU = toHex(digest('suzhou')) as MemberId;
const paper = (text: string): Paper => ({ number: '文号1', text });
const applicant = signerOf('applicant');

describe('recognition between two centres', () => {
  let chain: PaperRecognition;
  let dafeng: Centre;
  let shanghai: Centre;
  let agreement: string;

  beforeEach(async () => {
    chain = new PaperRecognition();
    [dafeng, shanghai] = await Centre.pair(chain, [DAFENG, SHANGHAI]);
    const until = chain.time + 900 * DAY;
    await dafeng.office.enrol(signerOf('home'), 3, until);
    await shanghai.office.enrol(signerOf('handler'), 1, until);
    await shanghai.office.enrol(signerOf('decider'), 3, until);
    agreement = await propose();
    await shanghai.fetch();
    await shanghai.office.countersign(agreement);
  });

  function propose(noticeDays = 30): Promise<string> {
    const terms = {
      validFrom: 0,
      validTo: chain.time + 1_000 * DAY,
      noticeDays,
      officialLeastDays: 1,
      officialMostDays: 60,
      applicantLeastDays: 1,
      applicantMostDays: 60,
      validityDays: 90,
      supplementRounds: 1,
      fourEyes: true,
    };
    return dafeng.office.propose(SHANGHAI, terms, paper('双方互认'));
  }

  const request = (): Promise<string> =>
    dafeng.office.request(agreement, {
      report: paper('报告'),
      request: paper('申请'),
      applicant: applicant.address,
      due: chain.time + 10 * DAY,
    });

  /** By whom the table names, with a due date where there is one. */
  async function act(centre: Centre, id: string, action: CaseAct['action'], more: Partial<CaseAct> = {}) {
    const due = action === 'withdraw' || action === 'invalidate' || action === 'mark-stale' ? 0 : chain.time + 20 * DAY;
    const decides = action === 'recognise' || action === 'refuse' || action === 'clear-stale';
    await centre.office.act({
      case: id,
      action,
      paper: paper(`${action} 理由`),
      due,
      signer: signerOf(decides ? 'decider' : 'handler'),
      ...(decides && { second: signerOf('handler') }),
      ...more,
    });
  }

  it('runs a case to its end, and both have what was said at each step', async () => {
    const id = await request();
    expect((await shanghai.office.case(id)).missing).to.have.length(2);
    expect(await shanghai.fetch()).to.equal(0);
    for (const action of ['complete', 'examine', 'recognise'] as const) await act(shanghai, id, action);
    await dafeng.fetch();
    for (const { office } of [dafeng, shanghai]) {
      const one = await office.case(id);
      expect(one).to.include({ state: 'recognised', final: 'recognised', recognised: true, stale: false });
      expect(one.missing).to.deep.equal([]);
      const texts = await Promise.all(
        one.steps.map(async ({ document }) => parseDocument(await office.document(document)).text),
      );
      expect(texts).to.deep.equal(['申请', 'complete 理由', 'examine 理由', 'recognise 理由']);
      expect(parseDocument(await office.document(one.terms.report)).text).to.equal('报告');
    }
    await act(dafeng, id, 'mark-stale');
    expect(await shanghai.office.case(id)).to.include({ stale: true, recognised: true });
    await act(dafeng, id, 'invalidate', { signer: signerOf('home') });
    expect(await shanghai.office.case(id)).to.include({ state: 'invalidated', recognised: false, lost: true });
  });

  it('goes on while the other side is down, and catches up', async () => {
    dafeng.cut = true;
    const id = await request();
    expect(await shanghai.fetch()).to.equal(2);
    await act(shanghai, id, 'return');
    await act(dafeng, id, 'supplement', { role: 'applicant', signer: applicant });
    await act(shanghai, id, 'complete');
    for (const centre of [dafeng, shanghai]) centre.restart();
    expect([await dafeng.fetch(), await shanghai.fetch()]).to.deep.equal([2, 3]);
    dafeng.cut = false;
    expect([await dafeng.fetch(), await shanghai.fetch()]).to.deep.equal([0, 0]);
    expect((await shanghai.office.case(id)).missing).to.deep.equal([]);
  });

  it('marks what is overdue, and what came late', async () => {
    const id = await request();
    chain.time += 11 * DAY;
    expect((await dafeng.office.case(id)).overdue).to.equal(true);
    await act(shanghai, id, 'complete');
    expect(await dafeng.office.case(id)).to.include({ overdue: false, lateSteps: 1 });
  });

  it('takes a step that is sent again as the one that it was', async () => {
    const id = await request();
    const before = chain.block;
    const calls: unknown[] = [];
    const sealed = shanghai.desk;
    const answer = sealed.answer.bind(sealed);
    sealed.answer = async (...call) => {
      if (call[1] === 'recognition/act') calls.push(await answer(...call));
      return answer(...call);
    };
    await act(shanghai, id, 'complete');
    expect([chain.block - before, calls.length]).to.deep.equal([1, 1]);
  });

  it('countersigns nothing that was not read', async () => {
    await shanghai.office.giveNotice(agreement, paper('通知'));
    dafeng.cut = true;
    const next = await propose(1);
    await shanghai.fetch();
    expect(await rejection(shanghai.office.countersign(next))).to.include({ code: 'NOT_FOUND' });
    dafeng.cut = false;
    await shanghai.fetch();
    await shanghai.office.countersign(next);
    const { agreements } = await dafeng.office.page();
    expect(agreements.map(({ inForce, edition }) => [inForce, edition])).to.deep.equal([
      [false, 1],
      [true, 2],
    ]);
  });

  it('gives a document to the other side of its case, and to nobody else', async () => {
    const id = await request();
    const { terms } = await dafeng.office.case(id);
    expect(dafeng.documents.textFor(DAFENG, SHANGHAI, terms.report as Hex)).to.include('报告');
    expect(codeOf(() => dafeng.documents.textFor(DAFENG, SUZHOU, terms.report as Hex))).to.equal('FORBIDDEN');
    expect(codeOf(() => dafeng.documents.textFor(DAFENG, SHANGHAI, NOBODYS))).to.equal('FORBIDDEN');
  });

  it('refuses what is signed by others, and documents without a salt', async () => {
    const id = await request();
    const reverted = async (promise: Promise<unknown>) =>
      ((await rejection(promise)) as XinlianError).details as { error: string };
    expect(await reverted(act(shanghai, id, 'complete', { signer: signerOf('nobody') }))).to.include({ error: 'RecognitionNotOfficer' }); // prettier-ignore
    expect(await reverted(act(shanghai, id, 'refuse', { second: signerOf('decider') }))).to.include({ error: 'RecognitionNotOfficer' }); // prettier-ignore
    expect(await reverted(act(shanghai, id, 'mark-stale', { role: 'home-node' }))).to.include({ error: 'RecognitionUnauthorized' }); // prettier-ignore
    expect(await rejection(shanghai.documents.put(SHANGHAI, '{"text":"裸文本"}'))).to.include({ code: 'MALFORMED' });
    expect(await rejection(dafeng.office.case(NOBODYS))).to.include({ code: 'NOT_FOUND' });
    const salt = toBase64Url(digest('salt'));
    const text = makeDocument({ kind: 'step', salt, number: '1', text: '一' });
    expect(parseDocument(text)).to.include({ salt, text: '一' });
  });

  it('counts due dates in working days, by an edition that is named', () => {
    // Thursday before the holidays of the Dragon Boat Festival 2026: Friday 19 June is off.
    const { due, calendar } = dueAfter(Date.parse('2026-06-18T01:00:00Z'), 1);
    expect(new Date(due * 1000).toISOString()).to.equal('2026-06-22T15:59:59.000Z');
    expect(calendar).to.include({ days: 1 });
    expect(calendar.edition).to.not.equal('');
  });
});

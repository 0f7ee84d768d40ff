import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import { fromBase64Url, fromHex, toHex } from '../../../node/core/bytes.ts';
import { decodeEntry } from '../../../node/core/entry.ts';
import { reportText, type ReportText } from '../../../node/core/messages/report.ts';
import { openReport, REPORT_CHAPTERS, type OpenedReport } from '../../../node/core/report.ts';
import { builtInSpecialReports } from '../../../node/policy/special-report.ts';
import { Body } from '../../helpers/authorised.ts';
import { MEMBER } from '../../helpers/bundle.ts';
import { newCaseId } from '../../helpers/cases.ts';
import { digest } from '../../helpers/consortium-on-anvil.ts';
import { rejection } from '../../helpers/rejection.ts';
import { Reporting, SUBJECT } from '../../helpers/reporting.ts';
import { penalty } from '../../helpers/rows.ts';

const CHINA = (date: string) => Date.parse(`${date}T10:00:00+08:00`);
const signal = new AbortController().signal;

describe('Reports of a regional centre', () => {
  let reporting: Reporting;

  beforeEach(async () => {
    reporting = await Reporting.open();
  });

  const make = (answers?: string[]): Promise<ReportText> => reporting.make(answers);
  const open = ({ text }: ReportText): Promise<OpenedReport> =>
    openReport(text, () => [reporting.centre.checkpoint.publicKey]);
  const standing = async ({ number, digest: of }: ReportText) =>
    reporting.desk.standing(reporting.member, { member: reporting.centre.id, number, digest: of }, signal);
  it('have every published record of the enterprise, each proved, and nothing of others', async () => {
    const { head, chapters } = await open(await make());
    expect([...chapters.keys()]).to.deep.equal([...REPORT_CHAPTERS]);
    const lines = chapters.get('administration') ?? [];
    expect(lines.map(({ item }) => item).sort()).to.deep.equal(['administrative-licence', 'administrative-penalty']);
    expect(lines.every(({ claims, access, status }) => claims['subject'] === SUBJECT && access === 'public' && status === 'live')).to.equal(true); // prettier-ignore
    const [from] = head.sources;
    expect(head.sources).to.have.length(1);
    expect(from).to.include({
      member: MEMBER,
      log: reporting.agency.log.state.id,
      size: reporting.agency.log.shownSize,
    });
    expect(from?.anchor?.size).to.equal(reporting.agency.log.shownSize);
    for (const { position, commitment } of lines) {
      const entry = decodeEntry(reporting.agency.logs.entry(1, position) ?? new Uint8Array());
      expect('commitment' in entry && entry.commitment).to.deep.equal(fromBase64Url(commitment));
    }
  });

  it('have a line in the log of the centre, that says nothing but their digest', async () => {
    const made = await make();
    const entry = decodeEntry(reporting.agency.logs.entry(2, made.position) ?? new Uint8Array());
    expect(entry).to.deep.equal({ kind: 'report', time: reporting.agency.clock.now() / 1000, commitment: fromHex(made.digest, 32) }); // prettier-ignore
    expect(reporting.desk.read(reporting.member, made.number)).to.deep.equal(made);
    expect(reportText.decode(await reporting.desk.answer(reporting.member, 'report/read', new TextEncoder().encode(JSON.stringify({ number: made.number })), signal))).to.deep.equal(made); // prettier-ignore
    const second = await make();
    const numbers = [made.number, second.number].sort();
    expect((await reporting.desk.list(reporting.member, undefined)).reports.map(({ number }) => number)).to.deep.equal(
      numbers,
    );
    expect((await reporting.desk.list(reporting.member, numbers[0])).reports.map(({ number }) => number)).to.deep.equal(
      [numbers[1]],
    );
  });

  it('name a source that could not be asked, and ask none of another region', async () => {
    const tax = new Body('大丰税务局', 'MB190403', ['source']);
    reporting.others = [tax.member, new Body('上海税务局', 'MB131003', ['source'], '310000').member];
    const { head } = await open(await make());
    expect(head.unreached).to.deep.equal([tax.id]);
  });

  it('are not made of what a source cannot prove', async () => {
    reporting.bend = (page) => {
      const [record] = (page as { records: { inclusion: string[] }[] }).records;
      record?.inclusion.reverse();
      return page;
    };
    expect(await rejection(make())).to.include({ code: 'PROOF_INVALID' });
    reporting.bend = (page) => ({ ...page, log: { ...(page as { log: object }).log, key: 'A'.repeat(43) } });
    expect(await rejection(make())).to.include({ code: 'SIGNATURE_INVALID' });
  });

  it('have authorised records that the centre read under a grant, with the grant', async () => {
    const { text, grant } = await reporting.answerTo(reporting.centre);
    const { head, chapters } = await open(await make([text]));
    expect(head.grants).to.deep.equal([grant]);
    const authorised = [...chapters.values()].flat().filter(({ access }) => access === 'authorised');
    expect(authorised.map(({ item }) => item)).to.deep.equal(['tax-payment', 'tax-payment']);
    const other = await reporting.answerTo(reporting.exchange.otherBank);
    expect(await rejection(make([other.text]))).to.include({ code: 'FORBIDDEN' });
  });

  describe('that are special', () => {
    const order = { fields: ['market', 'tax'], from: '2026-01-01', to: '2026-06-01' };
    const special = async (change = {}) => open(await reporting.make(undefined, { ...order, ...change }));
    const told = ({ head }: OpenedReport) => head.special?.fields.map(({ field, records }) => [field, records]);

    it('say of each field whether there is misconduct in the period, and show that and nothing else', async () => {
      const report = await special();
      expect(told(report)).to.deep.equal([['market', 1], ['tax', 0]]); // prettier-ignore
      const lines = [...report.chapters.values()].flat();
      expect(lines.map(({ item }) => item)).to.deep.equal(['administrative-penalty']);
      expect(report.head.special).to.include({ from: order.from, to: order.to, rules: builtInSpecialReports.edition });
      expect(told(await special({ to: '2026-05-05' }))).to.deep.equal([['market', 0], ['tax', 0]]); // prettier-ignore
    });

    it('are not made while a source is away, nor of fields that nobody knows', async () => {
      expect(await rejection(special({ fields: ['star-signs'] }))).to.include({ code: 'MALFORMED' });
      expect(await rejection(special({ fields: ['tax', 'tax'] }))).to.include({ code: 'MALFORMED' });
      expect(await rejection(special({ from: '2026-06-02' }))).to.include({ code: 'MALFORMED' });
      reporting.away = true;
      expect(await rejection(special())).to.include({ code: 'UNREACHABLE' });
    });

    it('are checked as any other', async () => {
      const made = await reporting.make(undefined, order);
      expect(await standing(made)).to.include({ kind: 'special', state: 'valid' });
      await reporting.annulPenalty();
      expect(await standing(made)).to.include({ state: 'stale' });
    });
  });

  describe('when somebody who was shown one checks it', () => {
    it('are valid while nothing has changed, and known to nobody without their digest', async () => {
      const made = await make();
      expect(await standing(made)).to.include({ state: 'valid', changed: 0, unreached: 0, kind: 'factual' });
      const other = { ...made, digest: toHex(digest('another')) };
      expect(await rejection(standing(other))).to.include({ code: 'NOT_FOUND' });
      expect(JSON.stringify(await standing(made))).to.not.include(SUBJECT);
    });

    it('are stale at once when a record is annulled, before any checkpoint has it', async () => {
      const made = await make();
      await reporting.annulPenalty();
      expect(await standing(made)).to.include({ state: 'stale', changed: 1 });
      await reporting.agency.settle();
      expect(await standing(made)).to.include({ state: 'stale', changed: 1 });
    });

    it('are stale for an objection that was not there, and not for one that was', async () => {
      const made = await make();
      const objection = { kind: 'objection', text: '事实有误', ground: 'factual-error', record: await reporting.penalty(), case: newCaseId(), seq: 0, step: 'file' } as const; // prettier-ignore
      await reporting.cases.subject(SUBJECT, objection);
      expect(await standing(made)).to.include({ state: 'stale', changed: 1 });
      await reporting.agency.settle();
      const marked = await make();
      const lines = [...(await open(marked)).chapters.values()].flat();
      expect(lines.map(({ status }) => status).sort()).to.deep.equal(['live', 'objected']);
      expect(await standing(marked)).to.include({ state: 'valid' });
    });

    it('are stale when a correction came, or the period of publicity is over', async () => {
      const made = await make();
      await reporting.cases.publish('cf', [penalty(1, { CF_NR_FK: '0.6' })]);
      expect(await standing(made)).to.include({ state: 'stale', changed: 1 });
      await reporting.agency.settle();
      const corrected = await make();
      expect(await standing(corrected)).to.include({ state: 'valid' });
      reporting.agency.clock.milliseconds = CHINA('2027-05-07');
      expect(await standing(corrected)).to.include({ state: 'stale', changed: 1 });
    });

    it('are not called valid while a source is away, or shows what does not hold', async () => {
      const made = await make();
      reporting.away = true;
      expect(await standing(made)).to.include({ state: 'stale', changed: 0, unreached: 2 });
      reporting.away = false;
      reporting.bend = (page) => {
        const [entry] = (page as { entries: { inclusion: string[] }[] }).entries;
        entry?.inclusion.reverse();
        return page;
      };
      expect(await standing(made)).to.include({ state: 'stale', unreached: 2 });
    });

    it('are withdrawn where the centre took them back, by a line that annuls theirs', async () => {
      const made = await make();
      await reporting.desk.withdraw(reporting.member, made.number);
      await reporting.desk.withdraw(reporting.member, made.number);
      expect(await standing(made)).to.include({ state: 'withdrawn' });
      expect(reporting.member.log.size).to.equal(made.position + 2);
      expect((await reporting.desk.list(reporting.member, undefined)).reports[0]).to.include({ withdrawn: true });
      expect(await rejection(reporting.desk.withdraw(reporting.member, '0'.repeat(22)))).to.include({
        code: 'NOT_FOUND',
      });
    });
  });

  it('are signed by the node’s checkpoint key', async () => {
    const { text } = await make();
    const other = ed25519.keygen().publicKey;
    expect(await rejection(openReport(text, () => [other]))).to.include({ code: 'SIGNATURE_INVALID' });
  });
});

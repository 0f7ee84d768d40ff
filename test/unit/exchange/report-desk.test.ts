import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import { fromBase64Url, fromHex, fromUtf8, toHex, utf8 } from '../../../node/core/bytes.ts';
import type { CaseAct } from '../../../node/core/case-act.ts';
import type { Member } from '../../../node/core/consortium.ts';
import { decodeEntry } from '../../../node/core/entry.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { grantHashOf, type LogId, type MemberId, type RecordId } from '../../../node/core/ids.ts';
import { openJwe, sealJwe } from '../../../node/core/jwe.ts';
import { provedPage, reportText, standingPage, type ReportText } from '../../../node/core/messages/report.ts';
import { signQuery } from '../../../node/core/query.ts';
import { openReport, REPORT_CHAPTERS, type OpenedReport } from '../../../node/core/report.ts';
import { AgencyLog } from '../../../node/exchange/agency-log.ts';
import { AnswerRecords } from '../../../node/exchange/answer-records.ts';
import { LineStandings } from '../../../node/exchange/line-standings.ts';
import { PublicRegister } from '../../../node/exchange/public-register.ts';
import { ReportDesk, type ReportingMember } from '../../../node/exchange/report-desk.ts';
import { ReportSource } from '../../../node/exchange/report-source.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { builtInReportStandard } from '../../../node/policy/report-standard.ts';
import { builtInPolicies } from '../../../node/policy/rules.ts';
import { LevelReportStore } from '../../../node/store/report-store.ts';
import type { Batch } from '../../../node/store/store.ts';
import { member as source, silent, type Agency } from '../../helpers/agency.ts';
import { Body, Exchange } from '../../helpers/authorised.ts';
import { MEMBER } from '../../helpers/bundle.ts';
import { newCaseId, openCases, type Cases } from '../../helpers/cases.ts';
import { digest } from '../../helpers/consortium-on-anvil.ts';
import { rejection } from '../../helpers/rejection.ts';
import { company, licence, penalty } from '../../helpers/rows.ts';

const CHINA = (date: string) => Date.parse(`${date}T10:00:00+08:00`);
const USCC = company(1);
const NAME = '盐城某某商贸有限公司1';
const signal = new AbortController().signal;

describe('Reports of a regional centre', () => {
  let exchange: Exchange;
  let agency: Agency;
  let cases: Cases;
  let centre: Body;
  let desk: ReportDesk<Batch>;
  let member: ReportingMember<Batch>;
  let penalised: RecordId;
  /** Whether the source is away. */
  let away: boolean;
  /** What the source does to what it sends. */
  let bend: <T>(page: T) => T;
  let others: Member[];

  beforeEach(async () => {
    exchange = await Exchange.open();
    agency = exchange.agency;
    cases = openCases(agency);
    [penalised] = (await cases.publish('cf', [penalty(1), penalty(2)])) as [RecordId];
    await cases.publish('xk', [licence(1), licence(3)]);
    await agency.settle();
    away = false;
    bend = (page) => page;
    others = [];
    centre = new Body('大丰信用中心', 'MB190499', ['centre', 'bank']);
    const { store, recordStore, logs, chain, clock, commits } = agency;
    const log = AgencyLog.create<Batch>(logs, { number: 2, id: toHex(digest('centre log')) as LogId, owner: centre.id, scope: `0x${'00'.repeat(32)}` }); // prettier-ignore
    commits.beforeCommit((batch) => log.save(batch));
    member = { id: centre.id, region: '320904', log, vault: agency.vault, key: { publicKey: centre.checkpoint.publicKey, ...centre.certifier } }; // prettier-ignore
    const register = new PublicRegister<Batch>({ store: recordStore, opened: cases.opened, files: cases.files, records: agency.records, catalogue: builtInCatalogue, clock }); // prettier-ignore
    const records = new AnswerRecords<Batch>({ records: recordStore, logs, view: chain, catalogue: builtInCatalogue });
    const serving = new ReportSource<Batch>({ register, records, clock });
    const publishing = { ...cases.member, reading: agency.reading };
    const reached = <T>(answer: Promise<T>): Promise<T> => {
      if (away) return Promise.reject(new XinlianError('UNREACHABLE', { peer: MEMBER, reason: 'away' }));
      return answer;
    };
    const members = (): Member[] => [source, centre.member, ...others];
    const view = {
      members,
      member: (id: MemberId) => members().find((one) => one.id === id),
      isEntitledNow: (id: MemberId, roles: readonly string[] = []) =>
        roles.every((role) => members().some((one) => one.id === id && one.roles.some((own) => own === role))),
      log: (id: LogId) => chain.log(id),
    };
    const standings = new LineStandings({
      view,
      ask: async (_owner, question) =>
        standingPage.decode(standingPage.encode(bend(await reached(serving.standings(publishing, question))))),
      policies: builtInPolicies,
      clock,
      logger: silent,
    });
    desk = new ReportDesk<Batch>({
      store: new LevelReportStore(store),
      commits,
      view,
      published: async (of, search) => {
        if (of !== MEMBER) throw new XinlianError('TIMEOUT', { what: of, afterMs: 1 });
        return provedPage.decode(provedPage.encode(bend(await reached(serving.published(publishing, search)))));
      },
      standings,
      catalogue: builtInCatalogue,
      standard: builtInReportStandard,
      clock,
      logger: silent,
    });
  });

  const make = (answers?: string[]): Promise<ReportText> =>
    desk.compile(member, { uscc: USCC, name: NAME, ...(answers && { answers }) }, signal);
  const open = ({ text }: ReportText): Promise<OpenedReport> => openReport(text, () => [centre.checkpoint.publicKey]);
  const standing = async ({ number, digest: of }: ReportText) =>
    desk.standing(member, { member: centre.id, number, digest: of }, signal);
  const act = (step: CaseAct['step'], change: Partial<CaseAct> = {}) =>
    cases.agency({ record: penalised, case: newCaseId(), seq: 0, kind: 'annulment', step, text: '处罚决定已撤销', ground: 'decision-annulled', ...change }); // prettier-ignore

  /** The signed answer to a query of a body under a grant to it, as its program takes it out of the seal. */
  async function answerTo({ id, uscc, member: own, signer }: Body): Promise<{ text: string; grant: string }> {
    exchange.grants.members.set(id, own);
    const { document, draft } = await exchange.grant({ grantee: { member: id, uscc, name: own.name } });
    const { query, reply } = exchange.query(document, { iss: id });
    const sealed = await sealJwe(utf8(await signQuery(query, signer)), exchange.sealing.publicKey, 'JWT');
    const jwe = await exchange.provider.answer(exchange.member, sealed, signal);
    return { text: fromUtf8((await openJwe(jwe, reply)).plaintext), grant: grantHashOf(draft.terms) };
  }

  it('have every published record of the enterprise, each proved, and nothing of others', async () => {
    const { head, chapters } = await open(await make());
    expect([...chapters.keys()]).to.deep.equal([...REPORT_CHAPTERS]);
    const lines = chapters.get('administration') ?? [];
    expect(lines.map(({ item }) => item).sort()).to.deep.equal(['administrative-licence', 'administrative-penalty']);
    expect(lines.every(({ claims, access, status }) => claims['subject'] === USCC && access === 'public' && status === 'live')).to.equal(true); // prettier-ignore
    const [from] = head.sources;
    expect(head.sources).to.have.length(1);
    expect(from).to.include({ member: MEMBER, log: agency.log.state.id, size: agency.log.shownSize });
    expect(from?.anchor?.size).to.equal(agency.log.shownSize);
    for (const { position, commitment } of lines) {
      const entry = decodeEntry(agency.logs.entry(1, position) ?? new Uint8Array());
      expect('commitment' in entry && entry.commitment).to.deep.equal(fromBase64Url(commitment));
    }
  });

  it('have a line in the log of the centre, that says nothing but their digest', async () => {
    const made = await make();
    const entry = decodeEntry(agency.logs.entry(2, made.position) ?? new Uint8Array());
    expect(entry).to.deep.equal({ kind: 'report', time: agency.clock.now() / 1000, commitment: fromHex(made.digest, 32) }); // prettier-ignore
    expect(desk.read(member, made.number)).to.deep.equal(made);
    expect(reportText.decode(await desk.answer(member, 'report/read', new TextEncoder().encode(JSON.stringify({ number: made.number })), signal))).to.deep.equal(made); // prettier-ignore
    const second = await make();
    const numbers = [made.number, second.number].sort();
    expect((await desk.list(member, undefined)).reports.map(({ number }) => number)).to.deep.equal(numbers);
    expect((await desk.list(member, numbers[0])).reports.map(({ number }) => number)).to.deep.equal([numbers[1]]);
  });

  it('name a source that could not be asked, and ask none of another region', async () => {
    const tax = new Body('大丰税务局', 'MB190403', ['source']);
    others = [tax.member, new Body('上海税务局', 'MB131003', ['source'], '310000').member];
    const { head } = await open(await make());
    expect(head.unreached).to.deep.equal([tax.id]);
  });

  it('are not made of what a source cannot prove', async () => {
    bend = (page) => {
      const [record] = (page as { records: { inclusion: string[] }[] }).records;
      record?.inclusion.reverse();
      return page;
    };
    expect(await rejection(make())).to.include({ code: 'PROOF_INVALID' });
    bend = (page) => ({ ...page, log: { ...(page as { log: object }).log, key: 'A'.repeat(43) } });
    expect(await rejection(make())).to.include({ code: 'SIGNATURE_INVALID' });
  });

  it('have authorised records that the centre read under a grant, with the grant', async () => {
    const { text, grant } = await answerTo(centre);
    const { head, chapters } = await open(await make([text]));
    expect(head.grants).to.deep.equal([grant]);
    const authorised = [...chapters.values()].flat().filter(({ access }) => access === 'authorised');
    expect(authorised.map(({ item }) => item)).to.deep.equal(['tax-payment', 'tax-payment']);
    const other = await answerTo(exchange.otherBank);
    expect(await rejection(make([other.text]))).to.include({ code: 'FORBIDDEN' });
  });

  describe('when somebody who was shown one checks it', () => {
    it('are valid while nothing has changed, and known to nobody without their digest', async () => {
      const made = await make();
      expect(await standing(made)).to.include({ state: 'valid', changed: 0, unreached: 0, kind: 'factual' });
      const other = { ...made, digest: toHex(digest('another')) };
      expect(await rejection(standing(other))).to.include({ code: 'NOT_FOUND' });
      expect(JSON.stringify(await standing(made))).to.not.include(USCC);
    });

    it('are stale at once when a record is annulled, before any checkpoint has it', async () => {
      const made = await make();
      await act('annul');
      expect(await standing(made)).to.include({ state: 'stale', changed: 1 });
      await agency.settle();
      expect(await standing(made)).to.include({ state: 'stale', changed: 1 });
    });

    it('are stale for an objection that was not there, and not for one that was', async () => {
      const made = await make();
      const objection = { kind: 'objection', text: '事实有误', ground: 'factual-error', record: penalised, case: newCaseId(), seq: 0, step: 'file' } as const; // prettier-ignore
      await cases.subject(USCC, objection);
      expect(await standing(made)).to.include({ state: 'stale', changed: 1 });
      await agency.settle();
      const marked = await make();
      const lines = [...(await open(marked)).chapters.values()].flat();
      expect(lines.map(({ status }) => status).sort()).to.deep.equal(['live', 'objected']);
      expect(await standing(marked)).to.include({ state: 'valid' });
    });

    it('are stale when a correction came, or the period of publicity is over', async () => {
      const made = await make();
      await cases.publish('cf', [penalty(1, { CF_NR_FK: '0.6' })]);
      expect(await standing(made)).to.include({ state: 'stale', changed: 1 });
      await agency.settle();
      const corrected = await make();
      expect(await standing(corrected)).to.include({ state: 'valid' });
      agency.clock.milliseconds = CHINA('2027-05-07');
      expect(await standing(corrected)).to.include({ state: 'stale', changed: 1 });
    });

    it('are not called valid while a source is away, or shows what does not hold', async () => {
      const made = await make();
      away = true;
      expect(await standing(made)).to.include({ state: 'stale', changed: 0, unreached: 2 });
      away = false;
      bend = (page) => {
        const [entry] = (page as { entries: { inclusion: string[] }[] }).entries;
        entry?.inclusion.reverse();
        return page;
      };
      expect(await standing(made)).to.include({ state: 'stale', unreached: 2 });
    });

    it('are withdrawn where the centre took them back, by a line that annuls theirs', async () => {
      const made = await make();
      await desk.withdraw(member, made.number);
      await desk.withdraw(member, made.number);
      expect(await standing(made)).to.include({ state: 'withdrawn' });
      expect(member.log.size).to.equal(made.position + 2);
      expect((await desk.list(member, undefined)).reports[0]).to.include({ withdrawn: true });
      expect(await rejection(desk.withdraw(member, '0'.repeat(22)))).to.include({ code: 'NOT_FOUND' });
    });
  });

  it('are signed by the node’s checkpoint key', async () => {
    const { text } = await make();
    const other = ed25519.keygen().publicKey;
    expect(await rejection(openReport(text, () => [other]))).to.include({ code: 'SIGNATURE_INVALID' });
  });
});

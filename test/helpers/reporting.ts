// A regional centre that makes reports, over a source's part of a node in memory: what the source sends can be bent, and the
// source be away.
import { Checkpointer } from '../../node/exchange/checkpointer.ts';
import { fromUtf8, toHex, utf8 } from '../../node/core/bytes.ts';
import type { LogState, Member } from '../../node/core/consortium.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { grantHashOf, type LogId, type MemberId, type RecordId } from '../../node/core/ids.ts';
import { openJwe, sealJwe } from '../../node/core/jwe.ts';
import { provedPage, standingPage, type ReportText, type SpecialOrder } from '../../node/core/messages/report.ts';
import { signQuery } from '../../node/core/query.ts';
import { AgencyLog } from '../../node/exchange/agency-log.ts';
import { AnswerRecords } from '../../node/exchange/answer-records.ts';
import { LineStandings } from '../../node/exchange/line-standings.ts';
import { PublicRegister } from '../../node/exchange/public-register.ts';
import { ReportDesk, type ReportingMember } from '../../node/exchange/report-desk.ts';
import { ReportSource } from '../../node/exchange/report-source.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { builtInReportStandard } from '../../node/policy/report-standard.ts';
import { builtInPolicies } from '../../node/policy/rules.ts';
import { builtInSpecialReports } from '../../node/policy/special-report.ts';
import { LevelReportStore } from '../../node/store/report-store.ts';
import type { Batch } from '../../node/store/store.ts';
import { member as source, silent, type Agency } from './agency.ts';
import { Body, Exchange } from './authorised.ts';
import { CHAIN_ID, LOG_ANCHOR, MEMBER } from './bundle.ts';
import { newCaseId, openCases, type Cases } from './cases.ts';
import { digest } from './consortium-on-anvil.ts';
import { company, licence, penalty } from './rows.ts';

export const SUBJECT = company(1);
const NAME = '盐城某某商贸有限公司1';
const signal = new AbortController().signal;

export class Reporting {
  readonly exchange: Exchange;
  readonly agency: Agency;
  readonly cases: Cases;
  readonly centre = new Body('大丰信用中心', 'MB190499', ['centre', 'bank']);
  readonly member: ReportingMember<Batch>;
  readonly desk: ReportDesk<Batch>;
  readonly standings: LineStandings;
  readonly view;
  /** Whether the source is away. */
  away = false;
  /** What the source does to what it sends. */
  bend: <T>(page: T) => T = (page) => page;
  /** Members beside the source and the centre. */
  others: Member[] = [];
  /** Of the centre's log, as the chain has it. */
  #anchored: LogState['final'];
  readonly #checkpointer: Checkpointer<Batch>;

  private constructor(exchange: Exchange) {
    this.exchange = exchange;
    this.agency = exchange.agency;
    this.cases = openCases(this.agency);
    const { cases, centre } = this;
    const { store, recordStore, logs, chain, clock, commits, vault } = this.agency;
    const id = toHex(digest('centre log')) as LogId;
    const scope = `0x${'00'.repeat(32)}` as const;
    const log = AgencyLog.create<Batch>(logs, { number: 2, id, owner: centre.id, scope });
    commits.beforeCommit((batch) => log.save(batch));
    const key = { publicKey: centre.checkpoint.publicKey, ...centre.certifier };
    this.member = { id: centre.id, region: '320904', log, vault, key };
    this.#checkpointer = new Checkpointer<Batch>(
      { origin: { chainId: CHAIN_ID, logAnchor: LOG_ANCHOR }, signMs: 10, anchorMs: 10 },
      { log, store: logs, commits, key, view: chain, writer: chain, prover: chain, clock, logger: silent },
    );
    const register = new PublicRegister<Batch>({
      store: recordStore,
      opened: cases.opened,
      files: cases.files,
      records: this.agency.records,
      catalogue: builtInCatalogue,
      clock,
    });
    const records = new AnswerRecords<Batch>({ records: recordStore, logs, view: chain, catalogue: builtInCatalogue });
    const serving = new ReportSource<Batch>({ register, records, clock });
    const publishing = { ...cases.member, reading: this.agency.reading };
    const members = (): Member[] => [source, centre.member, ...this.others];
    this.view = {
      members,
      member: (of: MemberId) => members().find((one) => one.id === of),
      isEntitledNow: (of: MemberId, roles: readonly string[] = []) =>
        members().some((one) => one.id === of && one.status === 'active' && roles.every((role) => one.roles.some((own) => own === role))), // prettier-ignore
      log: (of: LogId): LogState | undefined => (of === id ? this.#ownLog(id) : chain.log(of)),
    };
    this.standings = new LineStandings({
      view: this.view,
      ask: async (owner, question) =>
        owner === centre.id
          ? records.standings(this.member, question.positions)
          : standingPage.decode(standingPage.encode(this.bend(await this.#reached(serving.standings(publishing, question))))), // prettier-ignore
      policies: builtInPolicies,
      clock,
      logger: silent,
    });
    this.desk = new ReportDesk<Batch>({
      store: new LevelReportStore(store),
      commits,
      view: this.view,
      published: async (of, search) => {
        if (of !== MEMBER) throw new XinlianError('TIMEOUT', { what: of, afterMs: 1 });
        return provedPage.decode(
          provedPage.encode(this.bend(await this.#reached(serving.published(publishing, search)))),
        );
      },
      standings: this.standings,
      catalogue: builtInCatalogue,
      standard: builtInReportStandard,
      specials: builtInSpecialReports,
      clock,
      logger: silent,
    });
  }

  /** With two penalties and two licences, of companies 1 to 3, anchored and final. */
  static async open(): Promise<Reporting> {
    const reporting = new Reporting(await Exchange.open());
    await reporting.cases.publish('cf', [penalty(1), penalty(2)]);
    await reporting.cases.publish('xk', [licence(1), licence(3)]);
    await reporting.agency.settle();
    return reporting;
  }

  make(answers?: string[], special?: SpecialOrder): Promise<ReportText> {
    const order = { uscc: SUBJECT, name: NAME, ...(answers && { answers }), ...(special && { special }) };
    return this.desk.compile(this.member, order, signal);
  }

  /** Signs and anchors the centre's log, and makes that final. */
  async settle(): Promise<void> {
    await this.#checkpointer.sign();
    const { signed } = this.member.log.state;
    if (!signed) throw new Error('nothing is signed');
    this.#anchored = { ...signed, block: 1, blockHash: '0x', transaction: '0x' };
  }

  /** The penalty of the subject. */
  async penalty(): Promise<RecordId> {
    const { recordStore, vault } = this.agency;
    for await (const id of recordStore.bySubject(1, vault.subjectKey(SUBJECT)))
      if (recordStore.record(id)?.item === 'administrative-penalty') return id;
    throw new Error('the subject has no penalty');
  }

  async annulPenalty(): Promise<void> {
    const act = { kind: 'annulment', step: 'annul', text: '处罚决定已撤销', ground: 'decision-annulled' } as const;
    await this.cases.agency({ record: await this.penalty(), case: newCaseId(), seq: 0, ...act });
  }

  /** The signed answer to a query of a body under a grant to it, as its program takes it out of the seal. */
  async answerTo({ id, uscc, member: own, signer }: Body): Promise<{ text: string; grant: string; artefact: string }> {
    const { exchange } = this;
    exchange.grants.members.set(id, own);
    const { document, draft } = await exchange.grant({ grantee: { member: id, uscc, name: own.name } });
    const { query, reply } = exchange.query(document, { iss: id });
    const sealed = await sealJwe(utf8(await signQuery(query, signer)), exchange.sealing.publicKey, 'JWT');
    const jwe = await exchange.provider.answer(exchange.member, sealed, signal);
    const text = fromUtf8((await openJwe(jwe, reply)).plaintext);
    return { text, grant: grantHashOf(draft.terms), artefact: document.artefact };
  }

  #ownLog(id: LogId): LogState {
    const { id: owner } = this.centre;
    const anchored = this.#anchored && { head: this.#anchored, final: this.#anchored };
    return { id, owner, scope: '0x', ordinal: 0, registered: 1, closed: false, ...anchored };
  }

  #reached<T>(answer: Promise<T>): Promise<T> {
    if (!this.away) return answer;
    answer.catch(() => {});
    return Promise.reject(new XinlianError('UNREACHABLE', { peer: MEMBER, reason: 'away' }));
  }
}

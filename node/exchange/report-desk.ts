// A regional centre makes credit reports: from what the sources of its region publish, and from what it read under grants;
// every line is verified, the report is signed by the node, and has a line in the centre's log.
import { parseCanonical } from '../core/canonical.ts';
import { fromBase64Url, fromHex, fromUtf8, toBase64, toBase64Url, utf8, type Hex } from '../core/bytes.ts';
import { parseCheckpoint } from '../core/checkpoint.ts';
import type { AnchoredHead, LogState, Member, Role } from '../core/consortium.ts';
import { decodeEntry } from '../core/entry.ts';
import { XinlianError, malformed } from '../core/errors.ts';
import { parseLogId, type LogId, type MemberId } from '../core/ids.ts';
import { parseNote } from '../core/note.ts';
import { answerBody, parseAnswer } from '../core/query.ts';
import { covers } from '../core/regions.ts';
import type { PublicSearch } from '../core/messages/register.ts';
import {
  compileReport,
  reportList,
  reportListRequest,
  reportRef,
  reportText,
  type CompileReport,
  type ProvedPage,
  type ReportList,
  type ReportQuestion,
  type ReportStanding,
  type ReportText,
} from '../core/messages/report.ts';
import {
  makeReport,
  openReport,
  REPORT_CHAPTERS,
  reportDigest,
  reportNumber,
  type ReportChapter,
  type ReportHead,
  type ReportLine,
  type ReportSource,
} from '../core/report.ts';
import { statusOf } from '../core/status-change.ts';
import { parseUscc } from '../core/uscc.ts';
import { verifyAnswer } from '../core/verify-answer.ts';
import { verifyRecordPart, verifyTree, type PartsContext, type VerifiedPart } from '../core/verify-parts.ts';
import type { AnchoredPart, RecordPart } from '../core/answer-parts.ts';
import { chinaTime } from '../policy/date.ts';
import type { Catalogue } from '../policy/pack.ts';
import type { ReportStandard } from '../policy/report-standard.ts';
import type { SpecialReports } from '../policy/special-report.ts';
import type { AgencyLog } from './agency-log.ts';
import type { CheckpointKey } from './checkpointer.ts';
import type { GroupCommit } from './group-commit.ts';
import type { LineStandings } from './line-standings.ts';
import type { Clock, Log, WriteBatch } from './ports.ts';
import type { RecordVault } from './vault.ts';

type Batch = WriteBatch & { readonly length: number };

const PAGE_REPORTS = 50;
/** Pages of one source: 50 records each. */
const MOST_PAGES = 40;
const MOST_SERIAL = 100_000_000;

/** A hosted centre, as far as it makes reports. */
export interface ReportingMember<B extends WriteBatch> {
  id: MemberId;
  region: string;
  log: AgencyLog<B>;
  vault: RecordVault;
  key: CheckpointKey;
}

/** A report as it is kept. */
interface KeptReport {
  text: string;
  /** Of its line in the log. */
  position: number;
}

export interface ReportStore<B extends WriteBatch> {
  report(member: MemberId, number: string): Uint8Array | undefined;
  putReport(batch: B, member: MemberId, number: string, sealed: Uint8Array): void;
  /** Numbers in their order, behind one. */
  reports(member: MemberId, after: string | undefined): AsyncIterable<string>;
}

/** What of the chain's view reports are made by. */
export interface ReportView {
  members(): Member[];
  member(id: MemberId): Member | undefined;
  isEntitledNow(id: MemberId, roles?: readonly Role[]): boolean;
  log(id: LogId): LogState | undefined;
}

interface Dependencies<B extends Batch> {
  store: ReportStore<B>;
  commits: GroupCommit<B>;
  view: ReportView;
  /** Asks the node of a source. @throws UNREACHABLE, TIMEOUT, … */
  published(source: MemberId, search: PublicSearch, signal: AbortSignal): Promise<ProvedPage>;
  standings: LineStandings;
  catalogue: Catalogue;
  standard: ReportStandard;
  specials: SpecialReports;
  clock: Clock;
  logger: Log;
}

/** Inner methods that this desk answers. */
export type ReportMethod = 'report/compile' | 'report/list' | 'report/read' | 'report/withdraw';

/** What was gathered for a report. */
interface Gathered {
  lines: ReportLine[];
  sources: ReportSource[];
  unreached: MemberId[];
  grants: Set<Hex>;
}

export class ReportDesk<B extends Batch> {
  readonly #needs: Dependencies<B>;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Answers an inner method of the node. Throws as what it calls. */
  async answer(
    member: ReportingMember<B>,
    method: ReportMethod,
    argument: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    switch (method) {
      case 'report/compile':
        return reportText.encode(await this.compile(member, compileReport.decode(argument), signal));
      case 'report/list':
        return reportList.encode(await this.list(member, reportListRequest.decode(argument).after));
      case 'report/read':
        return reportText.encode(this.read(member, reportRef.decode(argument).number));
      case 'report/withdraw':
        await this.withdraw(member, reportRef.decode(argument).number);
        return new Uint8Array();
    }
  }

  /**
   * Makes, signs, keeps and logs a report. A source that cannot be asked is named in it; a special report is not made then.
   * @throws MALFORMED; UNREACHABLE; PROOF_INVALID, SIGNATURE_INVALID where a source or an answer shows what does not hold
   */
  async compile(member: ReportingMember<B>, order: CompileReport, signal: AbortSignal): Promise<ReportText> {
    const { clock, standard, commits, store } = this.#needs;
    const uscc = parseUscc(order.uscc);
    const gathered: Gathered = { lines: [], sources: [], unreached: [], grants: new Set() };
    const sources = this.#sourcesOf(member.region);
    await Promise.all(sources.map((source) => this.#gather(source, uscc, gathered, signal)));
    for (const answer of order.answers ?? []) await this.#takeAnswer(member, answer, uscc, gathered);

    const [away] = gathered.unreached;
    // That there is no record is not said while somebody was not asked.
    if (order.special && away !== undefined)
      throw new XinlianError('UNREACHABLE', {
        peer: away,
        reason: 'a special report wants every source of the region',
      });
    const special = order.special && this.#needs.specials.select(order.special, gathered.lines);
    const chapters = new Map<ReportChapter, ReportLine[]>();
    for (const line of (special?.lines ?? gathered.lines).sort(byTime)) {
      const chapter = standard.chapterOf(line.item);
      chapters.set(chapter, [...(chapters.get(chapter) ?? []), line]);
    }
    const now = Math.floor(clock.now() / 1000);
    const serial = (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % MOST_SERIAL;
    const head: ReportHead = {
      iss: member.id,
      number: reportNumber(chinaTime(now).replaceAll(/\D/g, ''), serial),
      standard: standard.edition,
      iat: now,
      sub: { uscc, name: order.name },
      sources: gathered.sources.sort((a, b) => (a.log < b.log ? -1 : 1)),
      unreached: gathered.unreached.sort(),
      grants: [...gathered.grants].sort(),
      ...(special && { special: special.special }),
    };
    const salts = REPORT_CHAPTERS.map(() => toBase64Url(crypto.getRandomValues(new Uint8Array(32))));
    const text = await makeReport(head, chapters, salts, member.key);
    const digest = reportDigest(text);
    const position = await commits.run((batch) => {
      const at = member.log.append(batch, { kind: 'report', time: now, commitment: fromHex(digest, 32) });
      const kept: KeptReport = { text, position: at };
      const sealed = member.vault.sealNote(utf8(JSON.stringify(kept)), placeOf(member.id, head.number));
      store.putReport(batch, member.id, head.number, sealed);
      return at;
    });
    return { number: head.number, digest, log: member.log.state.id, position, text };
  }

  /** Throws `NOT_FOUND`. */
  read(member: ReportingMember<B>, number: string): ReportText {
    const { text, position } = this.#kept(member, number);
    return { number, digest: reportDigest(text), log: member.log.state.id, position, text };
  }

  async list(member: ReportingMember<B>, after: string | undefined): Promise<ReportList> {
    const list: ReportList = { reports: [] };
    for await (const number of this.#needs.store.reports(member.id, after)) {
      if (list.reports.length === PAGE_REPORTS) return { ...list, next: list.reports.at(-1)?.number ?? number };
      const { text, position } = this.#kept(member, number);
      const { head } = await openReport(text, () => keysOf(member, this.#needs.view));
      const withdrawn = statusOf(member.log.status(position)) === 'annulled';
      const { uscc, name } = head.sub;
      list.reports.push({ number, digest: reportDigest(text), uscc, name, time: head.iat, position, withdrawn });
    }
    return list;
  }

  /** Takes a report back, for good. The same again changes nothing. Throws `NOT_FOUND`. */
  async withdraw(member: ReportingMember<B>, number: string): Promise<void> {
    const { position } = this.#kept(member, number);
    const time = Math.floor(this.#needs.clock.now() / 1000);
    await this.#needs.commits.run((batch) => {
      if (statusOf(member.log.status(position)) === 'annulled') return;
      member.log.appendChange(batch, { kind: 'annul', time, ref: position });
    });
  }

  /**
   * How a report stands, for anybody who was shown it.
   * @throws NOT_FOUND for one that is not of this centre, or has another digest: a number alone tells nothing
   */
  async standing(member: ReportingMember<B>, question: ReportQuestion, signal: AbortSignal): Promise<ReportStanding> {
    const { number, digest } = question;
    const { text, position } = this.#kept(member, number);
    if (reportDigest(text) !== digest) throw new XinlianError('NOT_FOUND', { what: 'report', id: number });
    const { head, chapters } = await openReport(text, () => keysOf(member, this.#needs.view));
    const lines = [...chapters.values()].flat();
    const states = (await this.#needs.standings.check(lines, signal)).map(({ state }) => state);
    const unreached = states.filter((state) => state === 'unreached').length;
    const changed = states.filter((state) => state !== 'same' && state !== 'unreached').length;
    const withdrawn = statusOf(member.log.status(position)) === 'annulled';
    return {
      member: member.id,
      number,
      digest,
      time: head.iat,
      kind: head.special ? 'special' : 'factual',
      state: withdrawn ? 'withdrawn' : changed + unreached > 0 ? 'stale' : 'valid',
      changed,
      unreached,
      log: member.log.state.id,
      position,
    };
  }

  #kept({ id, vault }: ReportingMember<B>, number: string): KeptReport {
    const sealed = this.#needs.store.report(id, number);
    if (!sealed) throw new XinlianError('NOT_FOUND', { what: 'report', id: number });
    return JSON.parse(fromUtf8(vault.openNote(sealed, placeOf(id, number)))) as KeptReport;
  }

  #sourcesOf(region: string): MemberId[] {
    const { view } = this.#needs;
    return view
      .members()
      .filter((source) => covers(region, source.region) && view.isEntitledNow(source.id, ['source']))
      .map(({ id }) => id);
  }

  /** Takes all that one source publishes of the subject. */
  async #gather(source: MemberId, uscc: string, gathered: Gathered, signal: AbortSignal): Promise<void> {
    const own: Gathered = { lines: [], sources: [], unreached: [], grants: gathered.grants };
    try {
      let after: string | undefined;
      for (let page = 0; page < MOST_PAGES; page++) {
        const search = { member: source, code: uscc, ...(after !== undefined && { after }) };
        const { log, records, next } = await this.#needs.published(source, search, signal);
        this.#take(source, { log, records }, { uscc, access: 'public' }, own);
        after = next;
        if (after === undefined) break;
      }
      if (after !== undefined)
        throw new XinlianError('TOO_LARGE', { what: `records of ${uscc} at ${source}`, limit: MOST_PAGES, got: MOST_PAGES + 1 }); // prettier-ignore
    } catch (error) {
      // Away is one thing; who shows what does not hold must not be passed over.
      if (signal.aborted || !XinlianError.is(error) || !AWAY.has(error.code)) throw error;
      this.#needs.logger.warn({ err: error, source }, 'a source could not be asked for a report');
      gathered.unreached.push(source);
      return;
    }
    gathered.lines.push(...own.lines);
    addSources(gathered, own.sources);
  }

  #take(
    source: MemberId,
    { log: part, records }: { log: AnchoredPart; records: readonly RecordPart[] },
    { uscc, access }: { uscc: string; access: ReportLine['access'] },
    into: Gathered,
  ): void {
    const context = this.#context();
    if (context.isCheckpointKey?.(source, fromBase64Url(part.key, 32)) !== true)
      throw new XinlianError('SIGNATURE_INVALID', { what: 'checkpoint', key: part.key });
    const told = { owner: source, key: fromBase64Url(part.key, 32), past: false };
    const tree = verifyTree(part, told, context, []);
    addSources(into, [this.#sourceOf(source, part)]);
    for (const record of records) {
      const verified = verifyRecordPart(record, tree, context);
      into.lines.push(lineOf(verified, { source, log: tree.log, entry: record.entry, uscc, access }));
    }
  }

  /** What was read under a grant, by a query of this centre. */
  async #takeAnswer(member: ReportingMember<B>, text: string, uscc: string, gathered: Gathered): Promise<void> {
    const body = answerBody.check(parseCanonical(parseAnswer(text).answer.body));
    if (body.grantee !== member.id) throw new XinlianError('FORBIDDEN', { wanted: member.id, got: body.grantee });
    if (body.outcome !== 'answered' || body.grant === undefined || !body.log)
      return malformed('answer', 'records under a grant', body.reason ?? body.outcome);
    const asked = { request: body.request, provider: body.provider };
    const { records } = await verifyAnswer(text, asked, this.#context());
    const source = body.provider as MemberId;
    const log = parseCheckpointLog(body.log);
    for (const [i, record] of records.entries()) {
      const entry = body.records[i]?.entry ?? '';
      gathered.lines.push(lineOf(record, { source, log, entry, uscc, access: 'authorised' }));
    }
    gathered.grants.add(body.grant as Hex);
    addSources(gathered, [this.#sourceOf(source, body.log)]);
  }

  #context(): PartsContext {
    const { view, catalogue } = this.#needs;
    return {
      names: (item, edition) => catalogue.names(item, edition),
      isCheckpointKey: (provider, key) =>
        view.member(provider as MemberId)?.keys.checkpoint.some((own) => toBase64Url(own.key) === toBase64Url(key)) ===
        true,
      anchored: (log) => {
        const state = view.log(parseLogId(log));
        return state?.head && { ...state.head, owner: state.owner };
      },
    };
  }

  #sourceOf(member: MemberId, part: AnchoredPart): ReportSource {
    const { size, root } = parseCheckpoint(parseNote(part.checkpoint).text);
    const log = parseCheckpointLog(part);
    const anchor: AnchoredHead | undefined = this.#needs.view.log(parseLogId(log))?.head;
    return {
      member,
      log,
      size,
      root: toBase64(root),
      ...(anchor &&
        anchor.size <= size && { anchor: { size: anchor.size, block: anchor.block, hash: anchor.blockHash } }),
    };
  }
}

/** A node that is away, or has nothing to show yet. */
const AWAY: ReadonlySet<string> = new Set(['UNREACHABLE', 'TIMEOUT', 'OVERLOADED', 'CLOSED', 'MEMBER_UNKNOWN']);

/** Of one log the newest checkpoint, which covers what older ones do. */
function addSources(gathered: Gathered, sources: readonly ReportSource[]): void {
  for (const source of sources) {
    const at = gathered.sources.findIndex(({ log }) => log === source.log);
    if (at < 0) gathered.sources.push(source);
    else if ((gathered.sources[at]?.size ?? 0) < source.size) gathered.sources[at] = source;
  }
}

function lineOf(
  { item, edition, position, time, claims, objected }: VerifiedPart,
  told: { source: MemberId; log: string; entry: string; uscc: string; access: ReportLine['access'] },
): ReportLine {
  const { source, log, uscc, access } = told;
  const subject = String(claims.get('subject'));
  if (subject !== uscc) malformed('record of a report', `one of ${uscc}`, subject);
  if (access === 'public' && claims.get('class') !== 'public')
    malformed('record of a report', 'a public one', String(claims.get('class')));
  const logged = decodeEntry(fromBase64Url(told.entry));
  return {
    source,
    item,
    edition,
    log,
    position,
    commitment: 'commitment' in logged ? toBase64Url(logged.commitment) : '',
    access,
    status: objected ? 'objected' : 'live',
    time,
    claims: Object.fromEntries(claims),
  };
}

function parseCheckpointLog({ checkpoint }: AnchoredPart): string {
  return parseCheckpoint(parseNote(checkpoint).text).origin.split('/').at(-1) ?? '';
}

function keysOf<B extends WriteBatch>({ id, key }: ReportingMember<B>, view: ReportView): Uint8Array[] {
  return [...(view.member(id)?.keys.checkpoint.map((own) => own.key) ?? []), key.publicKey];
}

function byTime(a: ReportLine, b: ReportLine): number {
  return a.time - b.time || (a.log < b.log ? -1 : a.log > b.log ? 1 : a.position - b.position);
}

function placeOf(member: MemberId, number: string): string {
  return `report/${member}/${number}`;
}

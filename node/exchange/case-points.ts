// The eight-point test of a case, on what this node finds at the moment: the documents of the case, its own view of the chain,
// and what the sources of the report's facts prove.
import { sha256 } from '#sha256';
import { fromHex, toBase64Url, toHex, utf8, type Hex } from '../core/bytes.ts';
import { parseDocument, type CaseDocument } from '../core/case-document.ts';
import type { AgreementView, CaseView } from '../core/case-view.ts';
import type { GrantState, LogState, Member, Role } from '../core/consortium.ts';
import {
  isPassed,
  linesOf,
  runEightPoints,
  type FoundGrant,
  type PointResult,
  type ReportEntry,
} from '../core/eight-points.ts';
import { XinlianError } from '../core/errors.ts';
import { parseLogId, type GrantHash, type LogId, type MemberId } from '../core/ids.ts';
import { openReport, reportDigest, type OpenedReport } from '../core/report.ts';
import { chinaDate } from '../policy/date.ts';
import type { Policies } from '../policy/rules.ts';
import type { CaseDocuments } from './case-documents.ts';
import type { LineStanding, LineStandings } from './line-standings.ts';
import type { Clock, WriteBatch } from './ports.ts';

type Batch = WriteBatch & { readonly length: number };

export interface PointsView {
  member(id: MemberId): Member | undefined;
  isEntitledNow(id: MemberId, roles?: readonly Role[]): boolean;
  log(id: LogId): LogState | undefined;
  grant(hash: GrantHash): GrantState | undefined;
}

interface Dependencies<B extends Batch> {
  documents: Pick<CaseDocuments<B>, 'has' | 'text'>;
  agreement(id: string): AgreementView | undefined;
  standings: LineStandings;
  view: PointsView;
  policies: Policies;
  clock: Clock;
}

/** What a case is about, as far as it is here. */
export interface OpenedCase {
  report: OpenedReport | undefined;
  /** Why there is none. */
  fault: string | undefined;
  entry: CaseDocument['entry'];
  /** SHA-256 of what the centre signed. */
  digest: Hex | undefined;
}

export interface TestedCase {
  /** Seconds since 1970. */
  time: number;
  passed: boolean;
  points: PointResult[];
}

export class CasePoints<B extends Batch> {
  readonly #needs: Dependencies<B>;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Runs the test for a hosted side. Throws nothing for what is missing: that is in the result. */
  async run(member: MemberId, view: CaseView, signal: AbortSignal): Promise<TestedCase> {
    const { policies, clock } = this.#needs;
    const time = Math.floor(clock.now() / 1000);
    const opened = await this.open(member, view);
    const agreement = this.#needs.agreement(view.terms.agreement);
    const content = agreement && this.#document(member, agreement.terms.document)?.content;
    const request = this.#document(member, view.steps[0]?.document)?.request;
    const region = this.#needs.view.member(view.terms.host)?.region ?? 'CN';
    const list = policies.find('measures', region, chinaDate(clock.now()));
    const points = runEightPoints({
      content,
      report: opened.report,
      fault: opened.fault,
      home: view.terms.home,
      entitled: this.#needs.view.isEntitledNow(view.terms.home, ['centre']),
      entry: await this.entry(opened, signal),
      purpose: request?.purpose,
      grants: (opened.report?.head.grants ?? []).map((grant) => this.#grant(grant, request?.grants ?? [])),
      standings: await this.standings(opened, signal),
      list: { edition: list?.edition ?? '', measures: list?.measures ?? [] },
      time,
    });
    return { time, passed: isPassed(points), points };
  }

  /** The report of a case, verified, from the document that a hosted side has. */
  async open(member: MemberId, { terms }: CaseView): Promise<OpenedCase> {
    const document = this.#document(member, terms.report);
    if (!document)
      return { report: undefined, fault: 'its document has not come yet', entry: undefined, digest: undefined };
    const { entry } = document;
    try {
      const report = await openReport(document.text, (centre) => this.#keysOf(centre));
      return { report, fault: undefined, entry, digest: reportDigest(document.text) };
    } catch (error) {
      if (!XinlianError.is(error)) throw error;
      return { report: undefined, fault: error.message, entry, digest: undefined };
    }
  }

  /** How the report's own line stands. */
  async entry({ report, entry, digest }: OpenedCase, signal: AbortSignal): Promise<ReportEntry | undefined> {
    if (!report || !entry || digest === undefined) return undefined;
    const log = this.#needs.view.log(parseLogId(entry.log));
    // Under a log of another member the line would be that one's word.
    if (log?.owner !== report.head.iss) return undefined;
    const shown = { ...entry, commitment: toBase64Url(fromHex(digest, 32)), status: 'live' as const };
    const [standing] = await this.#needs.standings.entries([shown], signal);
    return { ...entry, state: standing?.state ?? 'unreached', anchored: log.final?.size ?? 0 };
  }

  /** How the facts of the report stand. */
  async standings({ report }: OpenedCase, signal: AbortSignal): Promise<LineStanding[]> {
    return report ? this.#needs.standings.check(linesOf(report), signal) : [];
  }

  #grant(grant: string, artefacts: readonly string[]): FoundGrant {
    const state = this.#needs.view.grant(grant as GrantHash);
    const stands = state?.registeredFinal === true && !state.withdrawn && !state.suspended;
    const shown = artefacts.some((artefact) => toHex(sha256(utf8(artefact))) === state?.terms?.artefact);
    return { grant, stands, shown };
  }

  #keysOf(centre: string): Uint8Array[] {
    return this.#needs.view.member(centre as MemberId)?.keys.checkpoint.map(({ key }) => key) ?? [];
  }

  #document(member: MemberId, digest: Hex | undefined): CaseDocument | undefined {
    const { documents } = this.#needs;
    return digest !== undefined && documents.has(member, digest)
      ? parseDocument(documents.text(member, digest))
      : undefined;
  }
}

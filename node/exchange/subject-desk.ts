// What an enterprise may ask of a member's node: who looked at it, what it is asked to allow, what is held of it; and its
// decisions, objections and applications. Only under
// a certificate that holds, signed by the key that it names, answered under the seal of the enterprise.
import { fromBase64Url, toBase64Url, utf8 } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import { grantDecision } from '../core/grant-request.ts';
import { caseAct } from '../core/case-act.ts';
import { canonicalize } from '../core/canonical.ts';
import { openJwe, sealJwe, type Agreement } from '../core/jwe.ts';
import { historyRequest, type HistoryPage } from '../core/messages/history.ts';
import { caseQuery, ownRecordQuery } from '../core/messages/case.ts';
import { ownReportOrder, type CompileReport, type ReportText } from '../core/messages/report.ts';
import { receipt } from '../core/receipt.ts';
import { readSubjectCall, signedSubjectCall, SUBJECT_CALL_SECONDS, type SubjectCall } from '../core/subject-call.ts';
import type { SubjectCertificate } from '../core/subject-certificate.ts';
import type { TypedDataDomain } from '../core/typed-data.ts';
import type { MemberId } from '../core/ids.ts';
import type { AgencyLog } from './agency-log.ts';
import type { CaseDesk } from './case-desk.ts';
import type { CertificateVerifier } from './certificate-verifier.ts';
import { openingPlace } from './openings.ts';
import type { AccessStore, Clock, LogStore, WriteBatch } from './ports.ts';
import { RecordProofs } from './record-proofs.ts';
import type { RequestDesk } from './request-desk.ts';
import type { SubjectRecords } from './subject-records.ts';
import type { RecordVault } from './vault.ts';

const PAGE_RECEIPTS = 100;

type Batch = WriteBatch & { readonly length: number };

/** A hosted member, as far as it serves enterprises. */
export interface ServingMember<B extends WriteBatch> {
  id: MemberId;
  /** GB/T 2260 code. */
  region: string;
  log: AgencyLog<B>;
  vault: RecordVault;
  sealing: Agreement;
  key: { readonly publicKey: Uint8Array };
}

interface Dependencies<B extends Batch> {
  store: AccessStore<B>;
  logs: LogStore<B>;
  certificates: CertificateVerifier;
  requests: RequestDesk<B>;
  cases: CaseDesk<B>;
  opened: SubjectRecords<B>;
  /** Makes a report in the name of a hosted centre. @throws FORBIDDEN where the member is none */
  report(member: MemberId, order: CompileReport): Promise<ReportText>;
  /** EIP-712 domain of the GrantRegistry. */
  domain: TypedDataDomain;
  clock: Clock;
}

export class SubjectDesk<B extends Batch> {
  readonly #needs: Dependencies<B>;
  readonly #proofs: RecordProofs<B>;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
    this.#proofs = new RecordProofs(dependencies.logs);
  }

  /**
   * @param sealed compact JWE of a SignedSubjectCall
   * @returns compact JWE of the answer, JSON
   * @throws MALFORMED, UNAUTHENTICATED, SIGNATURE_INVALID, as what was asked for
   */
  async call(member: ServingMember<B>, sealed: string): Promise<string> {
    const { plaintext } = await openJwe(sealed, member.sealing);
    const signed = signedSubjectCall.decode(plaintext);
    const { call, account } = readSubjectCall(signed, this.#needs.domain);
    const now = Math.floor(this.#needs.clock.now() / 1000);
    if (call.aud !== member.id) throw new XinlianError('UNAUTHENTICATED', { reason: `the call is for ${call.aud}` });
    if (Math.abs(now - call.iat) > SUBJECT_CALL_SECONDS)
      throw new XinlianError('UNAUTHENTICATED', { reason: `the call is of ${call.iat}, now is ${now}` });
    const outcome = await this.#needs.certificates.verify(signed.certificate, now);
    if ('refusal' in outcome)
      throw new XinlianError('UNAUTHENTICATED', { reason: `${outcome.refusal}: ${outcome.detail}` });
    const { certificate } = outcome;
    if (account !== certificate.key)
      throw new XinlianError('SIGNATURE_INVALID', { what: 'subject call', key: certificate.key });
    if (certificate.seal === undefined || certificate.grant !== undefined)
      throw new XinlianError('FORBIDDEN', {
        wanted: 'a certificate with a key to seal to, for more than one grant',
        got: certificate.jti,
      });
    const answer = await this.#answer(member, certificate, { call, evidence: canonicalize(signed) });
    return sealJwe(utf8(JSON.stringify(answer)), fromBase64Url(certificate.seal, 33));
  }

  async #answer(
    member: ServingMember<B>,
    { sub, name }: SubjectCertificate,
    { call, evidence }: { call: SubjectCall; evidence: string },
  ): Promise<unknown> {
    const { requests, cases, opened } = this.#needs;
    switch (call.method) {
      case 'history':
        return this.#history(member, sub, historyRequest.check(call.argument).after ?? -1);
      case 'requests':
        return requests.list(member, sub);
      case 'decide':
        return requests.decide(member, sub, grantDecision.check(call.argument));
      case 'records':
        return opened.page(member, sub, ownRecordQuery.check(call.argument).after);
      case 'cases':
        return cases.listOfSubject(member, sub, caseQuery.check(call.argument));
      case 'act':
        return cases.actAsSubject(member, sub, caseAct.check(call.argument), evidence);
      case 'report':
        return this.#needs.report(member.id, { ...ownReportOrder.check(call.argument), uscc: sub, name });
    }
  }

  /** Receipts of the subject in this member's log, each with its proof under the last checkpoint. */
  async #history({ id, log, vault, key }: ServingMember<B>, uscc: string, after: number): Promise<HistoryPage> {
    const { store, logs } = this.#needs;
    const { number, id: logId } = log.state;
    const size = log.shownSize;
    const checkpoint = logs.checkpoint(number, size) ?? '';
    const page: HistoryPage = { provider: id, log: logId, checkpoint, key: toBase64Url(key.publicKey), receipts: [] };
    for await (const position of store.subjectReceipts(number, vault.subjectKey(uscc), after, PAGE_RECEIPTS + 1)) {
      if (page.receipts.length === PAGE_RECEIPTS) return { ...page, next: page.receipts.at(-1)?.position ?? after };
      const sealed = store.opening(number, position);
      const entry = logs.entry(number, position);
      if (!sealed || !entry)
        throw new XinlianError('STORE_CORRUPT', {
          what: `log ${logId}`,
          wanted: `a receipt at ${position}`,
          got: 'none',
        });
      page.receipts.push({
        position,
        opening: receipt.decode(vault.openNote(sealed, openingPlace(number, position))),
        entry: toBase64Url(entry),
        // Logged, and under the next checkpoint: its proof comes a moment later.
        ...(position < size && { inclusion: this.#proofs.inclusion(log, position, size) }),
      });
    }
    return page;
  }
}

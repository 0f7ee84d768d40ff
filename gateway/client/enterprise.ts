// An enterprise's program: who looked at it, what it is asked to allow, its decisions, its grants. It needs no account at
// any gateway, only its certified key.
import { fromBase64, fromBase64Url, toBase64Url, utf8 } from '../../node/core/bytes.ts';
import { canonicalize } from '../../node/core/canonical.ts';
import { parseCheckpoint, parseOrigin } from '../../node/core/checkpoint.ts';
import { decodeEntry } from '../../node/core/entry.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { GrantDocument } from '../../node/core/grant.ts';
import {
  requestState,
  seenRequests,
  type GrantRequest,
  type RequestState,
  type SeenRequest,
} from '../../node/core/grant-request.ts';
import { sealJwe, type Agreement } from '../../node/core/jwe.ts';
import { p256Point } from '../../node/core/jwk.ts';
import { signRegistration, signWithdrawal, type DraftGrant } from '../../node/core/make-grant.ts';
import { leafHash, verifyInclusion } from '../../node/core/merkle.ts';
import type { GrantOutcome } from '../../node/core/messages/grant.ts';
import {
  casePage,
  caseView,
  ownRecordPage,
  type CaseQuery,
  type CaseView,
  type OwnRecord,
} from '../../node/core/messages/case.ts';
import type { CaseAct } from '../../node/core/case-act.ts';
import { historyPage, type HistoryPage } from '../../node/core/messages/history.ts';
import { reportText, type OwnReportOrder, type ReportText } from '../../node/core/messages/report.ts';
import { parseNote, verifyNote } from '../../node/core/note.ts';
import { openingCommitment, type Receipt } from '../../node/core/receipt.ts';
import {
  encodeSubjectCall,
  openSubjectAnswer,
  subjectCallData,
  type SubjectMethod,
} from '../../node/core/subject-call.ts';
import { signAsSubject, type SubjectSigner } from '../../node/core/subject-signer.ts';
import type { TypedDataDomain } from '../../node/core/typed-data.ts';
import type { Client } from '../client.ts';
import { checkCases, type SeenCase } from './case-check.ts';

export interface EnterpriseDependencies {
  client: Pick<Client, 'callAsSubject' | 'registerGrants' | 'withdrawGrant'>;
  /** The account that the certificate names. */
  signer: SubjectSigner;
  /** Its key that answers are sealed to. */
  sealing: Agreement;
  /** Compact JWS. */
  certificate: string;
  /** EIP-712 domain of the GrantRegistry. */
  domain: TypedDataDomain;
  /** Keys of a member: P-256 point that calls are sealed to, every checkpoint key that it has or had. */
  keysOf: (member: string) => Promise<{ sealing: Uint8Array; checkpoint: readonly Uint8Array[] }>;
  /** Milliseconds since 1970. */
  clock: { now(): number };
}

/** An access, with how far it is proved. */
export interface SeenAccess {
  provider: string;
  /** The provider's log that has it. */
  log: string;
  position: number;
  receipt: Receipt;
  /** Whether its line is under a signed checkpoint: proved here. A moment later where not. */
  proved: boolean;
}

export class Enterprise {
  readonly #needs: EnterpriseDependencies;

  constructor(dependencies: EnterpriseDependencies) {
    this.#needs = dependencies;
  }

  /** @throws ApiError */
  async register(draft: Pick<DraftGrant, 'terms' | 'hash' | 'key'>): Promise<GrantOutcome> {
    const registration = await signRegistration(draft, this.#needs.domain, this.#now());
    const { outcomes } = await this.#needs.client.registerGrants({ body: { grants: [registration] } });
    const [outcome] = outcomes;
    if (!outcome) throw new XinlianError('MALFORMED', { what: 'outcomes', wanted: 'one', got: 'none' });
    return outcome;
  }

  /** Ends a grant, at once. @returns members whose nodes know it already, and who learns it from the chain */
  async withdraw(grant: Pick<DraftGrant, 'terms' | 'hash' | 'key'>): Promise<{ told: string[]; unreached: string[] }> {
    const body = await signWithdrawal(grant, this.#needs.domain);
    return this.#needs.client.withdrawGrant({ params: { grant: grant.hash }, body });
  }

  /** Every access that a provider's log has of this enterprise, each checked against that log. */
  async history(provider: string): Promise<SeenAccess[]> {
    const seen: SeenAccess[] = [];
    const { checkpoint } = await this.#needs.keysOf(provider);
    for (let after: number | undefined; ;) {
      const argument = after === undefined ? {} : { after };
      const page = historyPage.check(await this.#call(provider, 'history', argument));
      if (!checkpoint.some((key) => toBase64Url(key) === page.key))
        throw new XinlianError('SIGNATURE_INVALID', { what: 'history', key: page.key });
      seen.push(...page.receipts.map((kept) => checkReceipt(provider, page, kept)));
      if (page.next === undefined) return seen;
      after = page.next;
    }
  }

  async requests(centre: string): Promise<SeenRequest[]> {
    return seenRequests.check(await this.#call(centre, 'requests', {}));
  }

  /** Grants a request: the document is sealed to who asked, and the centre cannot read it. */
  async grant(centre: string, { jti, reply }: GrantRequest, document: GrantDocument): Promise<RequestState> {
    const sealed = await sealJwe(utf8(JSON.stringify(document)), p256Point(reply));
    return requestState.check(
      await this.#call(centre, 'decide', { request: jti, outcome: 'granted', document: sealed }),
    );
  }

  async refuse(centre: string, { jti }: GrantRequest, reason?: string): Promise<RequestState> {
    const decision = { request: jti, outcome: 'refused', ...(reason !== undefined && { reason }) };
    return requestState.check(await this.#call(centre, 'decide', decision));
  }

  /** What a member holds of this enterprise, as it stands by the rules of today. */
  async records(member: string): Promise<OwnRecord[]> {
    const records: OwnRecord[] = [];
    for (let after: string | undefined; ;) {
      const argument = after === undefined ? {} : { after };
      const page = ownRecordPage.check(await this.#call(member, 'records', argument));
      records.push(...page.records);
      if (page.next === undefined) return records;
      after = page.next;
    }
  }

  /** Its objections and repairs at a member, and what that did by itself; every step checked against that member's log. */
  async cases(member: string, query: Omit<CaseQuery, 'after' | 'record'> = {}): Promise<SeenCase[]> {
    const { checkpoint } = await this.#needs.keysOf(member);
    const seen: SeenCase[] = [];
    for (let after: string | undefined; ;) {
      const argument = after === undefined ? query : { ...query, after };
      const page = casePage.check(await this.#call(member, 'cases', argument));
      if (!checkpoint.some((key) => toBase64Url(key) === page.key))
        throw new XinlianError('SIGNATURE_INVALID', { what: 'cases', key: page.key });
      seen.push(...checkCases(page));
      if (page.next === undefined) return seen;
      after = page.next;
    }
  }

  /** Objects, applies for repair, goes on with either. The same act again changes nothing. */
  async act(member: string, act: CaseAct): Promise<CaseView> {
    return caseView.check(await this.#call(member, 'act', act));
  }

  /** Has its centre make a report of this enterprise: a special one of chosen fields and a period, or a factual one. */
  async report(centre: string, order: OwnReportOrder): Promise<ReportText> {
    return reportText.check(await this.#call(centre, 'report', order));
  }

  async #call(member: string, method: SubjectMethod, argument: object): Promise<unknown> {
    const { signer, sealing, certificate, domain, client, keysOf } = this.#needs;
    const call = encodeSubjectCall({ aud: member, iat: this.#now(), method, argument });
    const signature = await signAsSubject(signer, subjectCallData(domain, member, call));
    const signed = canonicalize({ certificate, call, signature });
    const sealed = await sealJwe(utf8(signed), (await keysOf(member)).sealing);
    const { answer } = await client.callAsSubject({ params: { member }, body: { call: sealed } });
    return openSubjectAnswer(answer, sealing);
  }

  #now(): number {
    return Math.floor(this.#needs.clock.now() / 1000);
  }
}

/** @throws PROOF_INVALID, SIGNATURE_INVALID: the provider shows what its log does not have */
function checkReceipt(
  provider: string,
  { log, checkpoint, key }: HistoryPage,
  { position, opening, entry: text, inclusion }: HistoryPage['receipts'][number],
): SeenAccess {
  const bytes = fromBase64Url(text);
  const entry = decodeEntry(bytes);
  const wanted = toBase64Url(openingCommitment(opening));
  if (entry.kind !== 'receipt' || toBase64Url(entry.commitment) !== wanted)
    throw new XinlianError('PROOF_INVALID', {
      link: 'commitment',
      reason: 'the receipt is not that of its line',
      wanted,
      got: entry.kind,
    });
  if (opening.provider !== provider)
    throw new XinlianError('PROOF_INVALID', {
      link: 'entry',
      reason: 'the receipt is of another provider',
      wanted: provider,
      got: opening.provider,
    });
  if (!inclusion) return { provider, log, position, receipt: opening, proved: false };
  const { origin, size, root } = parseCheckpoint(parseNote(checkpoint).text);
  verifyNote(checkpoint, [{ name: origin, publicKey: fromBase64Url(key, 32) }]);
  const proof = inclusion.map((hash) => fromBase64(hash));
  verifyInclusion({ index: position, size, leaf: leafHash(bytes), proof, root });
  return { provider, log: parseOrigin(origin).log, position, receipt: opening, proved: true };
}

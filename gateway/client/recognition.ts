// A regional centre's program: agreements, officers and cases of recognition, over any gateway, sealed to its own node.
import { documentDigest, makeDocument, type CaseDocument } from '../../node/core/case-document.ts';
import { AUTHORITY, type CaseAction, type CaseRole } from '../../node/core/case-authority.ts';
import { fromHex, toBase64Url, type Hex } from '../../node/core/bytes.ts';
import { malformed, XinlianError } from '../../node/core/errors.ts';
import type { MemberId } from '../../node/core/ids.ts';
import type { CaseText, RecognitionPage, TestedCase, WrittenText } from '../../node/core/messages/recognition.ts';
import type { ReportText } from '../../node/core/messages/report.ts';
import {
  agreementIdOf,
  caseIdOf,
  enrolmentDigest,
  parseCaseId,
  stepDigest,
  type AgreementId,
  type AgreementTerms,
  type CaseId,
  type CaseTerms,
} from '../../node/core/recognition.ts';
import { xinlianDomain, type TypedDataDomain } from '../../node/core/typed-data.ts';
import type { SealedClient } from './sealed.ts';

/** An officer's or applicant's key: secp256k1, of a file, a module or a token. */
export interface StepSigner {
  /** EIP-55 */
  readonly address: Hex;
  /** @param digest 32 bytes @returns r || s || v, 65 bytes in hex */
  sign(digest: Uint8Array): Promise<Hex>;
}

/** A document without what every one has. */
export type Paper = Pick<CaseDocument, 'number' | 'text'> &
  Partial<Pick<CaseDocument, 'calendar' | 'content' | 'entry' | 'request' | 'points'>>;

/** What the proposing side decides of an agreement; its digest and sides are filled in. */
export type ProposedTerms = Omit<AgreementTerms, 'document' | 'first' | 'second' | 'previous'>;

export interface CaseAct {
  case: string;
  action: CaseAction;
  /** Default: the first that the table names. */
  role?: CaseRole;
  /** What it says; absent for what anyone does. */
  paper?: Paper;
  /** Seconds since 1970, where the action brings a due date. */
  due?: number;
  signer?: StepSigner;
  second?: StepSigner;
}

const NO_DOCUMENT: Hex = `0x${'0'.repeat(64)}`;

/** How long what officers sign may take to the chain: the other side, or the chain, may be away. */
const SIGNED_SECONDS = 7 * 86_400;

interface Dependencies {
  sealed: Pick<
    SealedClient,
    | 'recognition'
    | 'actOnAgreement'
    | 'actOnOfficer'
    | 'requestRecognition'
    | 'actOnRecognition'
    | 'recognitionDocument'
    | 'testCase'
  >;
  /** Milliseconds since 1970. */
  clock: { now(): number };
}

/** Methods throw as `SealedClient`: TRANSACTION_REVERTED where the contract refused, with its error. */
export class RecognitionOffice {
  readonly #member: MemberId;
  readonly #needs: Dependencies;

  constructor(member: MemberId, dependencies: Dependencies) {
    this.#member = member;
    this.#needs = dependencies;
  }

  page(signal?: AbortSignal): Promise<RecognitionPage> {
    return this.#needs.sealed.recognition(signal);
  }

  /** Throws `NOT_FOUND`, while the case is not on the chain as the node read it. */
  async case(id: string): Promise<CaseText> {
    const found = (await this.page()).cases.find((one) => one.id === id);
    if (!found) throw new XinlianError('NOT_FOUND', { what: 'case', id });
    return found;
  }

  document(digest: string): Promise<string> {
    return this.#needs.sealed.recognitionDocument(digest);
  }

  /** The eight-point test of a case, run now. */
  test(id: string): Promise<TestedCase> {
    return this.#needs.sealed.testCase(id);
  }

  /** Proposes an agreement; where the two have one, its next edition. */
  async propose(other: MemberId, proposed: ProposedTerms, paper: Paper): Promise<AgreementId> {
    const text = written('agreement', paper);
    const { agreements } = await this.page();
    const last = agreements
      .filter(({ terms, agreed }) => agreed && [terms.first, terms.second].includes(other))
      .sort((a, b) => (a.edition ?? 0) - (b.edition ?? 0))
      .at(-1);
    const terms: AgreementTerms = {
      ...proposed,
      document: documentDigest(text),
      first: this.#member,
      second: other,
      previous: (last?.id ?? `0x${'0'.repeat(64)}`) as AgreementId,
    };
    await this.#needs.sealed.actOnAgreement({ act: 'propose', terms, text });
    return agreementIdOf(terms);
  }

  async countersign(id: string): Promise<WrittenText> {
    return this.#needs.sealed.actOnAgreement({ act: 'countersign', terms: await this.#agreement(id) });
  }

  async giveNotice(id: string, paper: Paper): Promise<WrittenText> {
    const terms = await this.#agreement(id);
    return this.#needs.sealed.actOnAgreement({ act: 'notice', terms, text: written('notice', paper) });
  }

  /** @param duties bits: 1 handles, 2 decides @param until seconds since 1970, excluded */
  async enrol(officer: StepSigner, duties: number, until: number): Promise<WrittenText> {
    const domain = domainOf(await this.page());
    const enrolment = { member: this.#member, officer: officer.address, duties, until };
    const signature = await officer.sign(fromHex(enrolmentDigest(domain, enrolment), 32));
    return this.#needs.sealed.actOnOfficer({ act: 'enrol', officer: officer.address, duties, until, signature });
  }

  dismiss(officer: Hex): Promise<WrittenText> {
    return this.#needs.sealed.actOnOfficer({ act: 'dismiss', officer });
  }

  /**
   * Opens a case about a report of this centre.
   * @param applicant account made for this case alone @param due of the first official step, seconds since 1970
   */
  async request(
    agreement: string,
    about: { report: Paper; request: Paper; applicant: Hex; due: number },
  ): Promise<CaseId> {
    const { first, second } = await this.#agreement(agreement);
    const report = written('report', about.report);
    const terms: CaseTerms = {
      agreement: agreement as AgreementId,
      home: this.#member,
      host: first === this.#member ? second : first,
      applicant: about.applicant,
      report: documentDigest(report),
    };
    const request = written('step', about.request);
    await this.#needs.sealed.requestRecognition({ terms, report, request, due: about.due });
    return caseIdOf(terms);
  }

  /** Signs a step, and has the node carry it to the chain. */
  async act(act: CaseAct): Promise<WrittenText> {
    const { action, role = AUTHORITY[action].by[0], paper, due = 0, signer, second } = act;
    const page = await this.page();
    const found = page.cases.find(({ id }) => id === act.case);
    if (!found) throw new XinlianError('NOT_FOUND', { what: 'case', id: act.case });
    if (role === undefined) return malformed('role', 'one that the table names', 'none');
    // What the test found when the evidence was complete stays with the case.
    const points = action === 'complete' ? { points: (await this.test(act.case)).points } : {};
    const text = paper && written('step', { ...points, ...paper });
    const step = {
      action,
      role,
      step: found.steps.length,
      document: text === undefined ? NO_DOCUMENT : documentDigest(text),
      due,
      deadline: Math.floor(this.#needs.clock.now() / 1000) + SIGNED_SECONDS,
    };
    const digest = fromHex(stepDigest(domainOf(page), parseCaseId(act.case), step), 32);
    return this.#needs.sealed.actOnRecognition({
      case: act.case,
      step,
      ...(text !== undefined && { text }),
      ...(signer && { first: await signer.sign(digest) }),
      ...(second && { second: await second.sign(digest) }),
    });
  }

  async #agreement(id: string): Promise<AgreementTerms> {
    const found = (await this.page()).agreements.find((one) => one.id === id);
    if (!found) throw new XinlianError('NOT_FOUND', { what: 'agreement', id });
    const terms = found.terms as AgreementTerms;
    // The node tells the terms, and the id is their hash: what is signed next is of these and no others.
    if (agreementIdOf(terms) !== id) malformed('agreement', id, agreementIdOf(terms));
    return terms;
  }
}

/** A report of one's own node, as a case brings it: with its line in the log. */
export function reportPaper({ number, text, log, position }: ReportText): Paper {
  return { number, text, entry: { log, position } };
}

function written(kind: CaseDocument['kind'], paper: Paper): string {
  const salt = toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
  return makeDocument({ kind, salt, ...paper });
}

function domainOf({ domain }: RecognitionPage): TypedDataDomain {
  const { chainId, verifyingContract, deployment } = domain;
  return xinlianDomain({ chainId, verifyingContract: verifyingContract as Hex, deployment: deployment as Hex });
}

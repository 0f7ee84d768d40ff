// What a centre asks of its own node about recognition: agreements, officers, cases. Officers and applicants have signed;
// the node keeps the documents, carries what was signed to the chain, and tells how things stand.
import { utf8, type Hex } from '../core/bytes.ts';
import { isOpenCase } from '../core/case-authority.ts';
import { countsAsRecognised, isInForce, type AgreementView, type CaseView } from '../core/case-view.ts';
import { documentDigest, parseDocument, type CaseDocument } from '../core/case-document.ts';
import { signRecognitionCertificate, type RecognitionCertificate } from '../core/recognition-certificate.ts';
import type { JwsSigner } from '../core/jws.ts';
import type { ChainHead } from '../core/consortium.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import type { MemberId } from '../core/ids.ts';
import {
  agreementCall,
  caseActCall,
  caseRef,
  openedQuestion,
  openedRecognitions,
  caseRequestCall,
  officerCall,
  ownDocumentRef,
  recognitionPage,
  testedCase,
  writtenText,
  type AgreementCall,
  type CaseActCall,
  type CaseRequestCall,
  type CaseText,
  type OfficerCall,
  type OpenedRecognitions,
  type RecognitionPage,
} from '../core/messages/recognition.ts';
import {
  caseIdOf,
  parseCaseId,
  type AgreementTerms,
  type CaseStep,
  type CaseTerms,
  type Enrolment,
} from '../core/recognition.ts';
import type { CaseDocuments, RecognitionSource } from './case-documents.ts';
import type { CasePoints } from './case-points.ts';
import type { Clock, WriteBatch } from './ports.ts';

type Batch = WriteBatch & { readonly length: number };

export interface Written {
  block: number;
}

/** What a member writes to the chain of recognition. Every method resolves when a block has it. */
export interface RecognitionWriter {
  proposeAgreement(terms: AgreementTerms): Promise<Written>;
  countersignAgreement(terms: AgreementTerms): Promise<Written>;
  giveNotice(terms: AgreementTerms, document: Hex): Promise<Written>;
  enrolOfficer(enrolment: Omit<Enrolment, 'member'>, signature: Hex): Promise<Written>;
  dismissOfficer(officer: Hex): Promise<Written>;
  requestCase(terms: CaseTerms, document: Hex, due: number): Promise<Written>;
  actOnCase(act: { terms: CaseTerms; step: CaseStep; first?: Hex; second?: Hex }): Promise<Written>;
}

interface Dependencies<B extends Batch> {
  recognition: RecognitionSource;
  head(): ChainHead | undefined;
  domain: { chainId: number; verifyingContract: Hex; deployment: Hex };
  documents: CaseDocuments<B>;
  points: Pick<CasePoints<B>, 'run' | 'open'>;
  /** Checkpoint keys of hosted members. */
  signer(member: MemberId): JwsSigner;
  clock: Clock;
  /** Resolves when this node has read the block: what is asked next sees what was done. */
  reached(block: number): Promise<void>;
  /** Of hosted members. */
  writers: ReadonlyMap<MemberId, RecognitionWriter>;
}

/** Inner methods that this desk answers. */
export type RecognitionMethod =
  | 'agreement/act'
  | 'officer/act'
  | 'recognition/request'
  | 'recognition/act'
  | 'recognition/view'
  | 'recognition/points'
  | 'recognition/document'
  | 'recognition/certificate'
  | 'recognition/opened';

const NO_DOCUMENT: Hex = `0x${'0'.repeat(64)}`;

export class RecognitionDesk<B extends Batch> {
  readonly #needs: Dependencies<B>;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Answers an inner method of the node. @throws MALFORMED, NOT_FOUND, TRANSACTION_REVERTED, … */
  async answer(
    member: MemberId,
    method: RecognitionMethod,
    argument: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    switch (method) {
      case 'agreement/act':
        return this.#told(await this.#agreement(member, agreementCall.decode(argument)));
      case 'officer/act':
        return this.#told(await this.#officer(member, officerCall.decode(argument)));
      case 'recognition/request':
        return this.#told(await this.#request(member, caseRequestCall.decode(argument)));
      case 'recognition/act':
        return this.#told(await this.#act(member, caseActCall.decode(argument), signal));
      case 'recognition/points': {
        const { case: id } = caseRef.decode(argument);
        return testedCase.encode({
          case: id,
          ...(await this.#needs.points.run(member, this.#case(member, id), signal)),
        });
      }
      case 'recognition/view':
        return recognitionPage.encode(this.#view(member));
      case 'recognition/document':
        return utf8(this.#needs.documents.text(member, ownDocumentRef.decode(argument).digest as Hex));
      case 'recognition/certificate':
        return utf8(await this.#certificate(member, this.#case(member, caseRef.decode(argument).case)));
      case 'recognition/opened':
        return openedRecognitions.encode(await this.#opened(member, openedQuestion.decode(argument).uscc, signal));
    }
  }

  async #agreement(member: MemberId, { act, terms: told, text }: AgreementCall): Promise<Written> {
    const { documents } = this.#needs;
    const terms = told as AgreementTerms;
    const writer = this.#writer(member);
    if (act === 'countersign') {
      // Nobody signs what it has not read.
      if (!documents.has(member, terms.document))
        throw new XinlianError('NOT_FOUND', { what: 'document of the agreement', id: terms.document });
      return writer.countersignAgreement(terms);
    }
    if (text === undefined) return malformed('text', `the document to ${act} with`, 'none');
    const digest = await documents.put(member, text);
    if (act === 'notice') return writer.giveNotice(terms, digest);
    if (digest !== terms.document) malformed('document of the terms', digest, terms.document);
    return writer.proposeAgreement(terms);
  }

  #officer(member: MemberId, call: OfficerCall): Promise<Written> {
    const writer = this.#writer(member);
    const officer = call.officer as Hex;
    if (call.act === 'dismiss') return writer.dismissOfficer(officer);
    const { duties, until, signature } = call;
    return writer.enrolOfficer({ officer, duties, until }, signature as Hex);
  }

  async #request(member: MemberId, { terms: told, report, request, due }: CaseRequestCall): Promise<Written> {
    const { documents } = this.#needs;
    const terms = told as CaseTerms;
    if (terms.home !== member) malformed('home side', member, terms.home);
    const digest = documentDigest(report);
    if (digest !== terms.report) malformed('report of the terms', digest, terms.report);
    await documents.put(member, report);
    const known = this.#needs.recognition.cases().find(({ id }) => id === caseIdOf(terms))?.steps[0];
    if (known?.document === documentDigest(request)) return known;
    return this.#writer(member).requestCase(terms, await documents.put(member, request), due);
  }

  async #act(
    member: MemberId,
    { case: id, step: told, text, first, second }: CaseActCall,
    signal: AbortSignal,
  ): Promise<Written> {
    const { documents } = this.#needs;
    const step = told as CaseStep;
    const view = this.#case(member, id);
    const { terms, steps } = view;
    const saysSomething = step.role !== 'anyone';
    if (saysSomething !== (text !== undefined))
      malformed('text', saysSomething ? 'the document of the step' : 'none', text === undefined ? 'none' : 'one');
    const digest = text === undefined ? NO_DOCUMENT : documentDigest(text);
    if (digest !== step.document) malformed('document of the step', digest, step.document);
    if (text !== undefined) await documents.put(member, text);
    // Sent again, because the answer was lost: it is done already.
    const before = steps[step.step];
    if (before?.action === step.action && before.document === step.document) return before;
    if (step.action === 'recognise') {
      await this.#checkPoints(member, view, signal);
      if (first !== undefined)
        await documents.putDecision(member, view.id, { step: told, first, ...(second !== undefined && { second }) });
    }
    return this.#writer(member).actOnCase({
      terms,
      step,
      ...(first !== undefined && { first: first as Hex }),
      ...(second !== undefined && { second: second as Hex }),
    });
  }

  /** An officer decides what passes; what does not pass is not the officer's to recognise. */
  async #checkPoints(member: MemberId, view: CaseView, signal: AbortSignal): Promise<void> {
    const { passed, points } = await this.#needs.points.run(member, view, signal);
    const failed = points.filter((point) => !point.passed).map(({ point }) => point);
    if (!passed)
      throw new XinlianError('CONFLICT', { what: `case ${view.id}`, wanted: 'a report that passes all eight points', got: `not: ${failed.join(', ')}` }); // prettier-ignore
  }

  /**
   * For the enterprise, of a recognition that stands.
   * @throws FORBIDDEN at the home side, CONFLICT where it does not stand, NOT_FOUND where its decision was carried by another node
   */
  async #certificate(member: MemberId, view: CaseView): Promise<string> {
    const { documents, points, recognition, domain, clock } = this.#needs;
    if (view.terms.host !== member) throw new XinlianError('FORBIDDEN', { wanted: view.terms.host, got: member });
    const what = `case ${view.id}`;
    if (!countsAsRecognised(view, this.#needs.head()?.time ?? 0) || view.stale)
      throw new XinlianError('CONFLICT', { what, wanted: 'a recognition that stands', got: view.stale ? 'a stale one' : view.final }); // prettier-ignore
    const decision = documents.decision(member, view.id);
    const taken = decision && view.steps[decision.step.step];
    const { report, digest } = await points.open(member, view);
    const agreement = recognition.agreements().find(({ id }) => id === view.terms.agreement);
    if (!decision || taken?.document !== decision.step.document || !report || digest === undefined || !agreement)
      throw new XinlianError('NOT_FOUND', { what: 'signed decision and report', id: view.id });
    const certificate: RecognitionCertificate = {
      iss: member,
      iat: Math.floor(clock.now() / 1000),
      case: view.id,
      domain,
      agreement: agreement.terms,
      terms: view.terms,
      decision,
      block: taken.block,
      sub: report.head.sub,
      report: { number: report.head.number, standard: report.head.standard, digest },
      purpose: this.#document(member, view.steps[0]?.document)?.request?.purpose ?? '',
      benefits: this.#document(member, agreement.terms.document)?.content?.benefits ?? [],
    };
    return signRecognitionCertificate(certificate, this.#needs.signer(member));
  }

  /** What recognitions open for an enterprise here, each tested anew: nothing is opened by facts that changed. */
  async #opened(member: MemberId, uscc: string, signal: AbortSignal): Promise<OpenedRecognitions> {
    const { recognition, points } = this.#needs;
    const time = this.#needs.head()?.time ?? 0;
    const found: OpenedRecognitions['recognitions'] = [];
    for (const view of recognition.cases()) {
      if (view.terms.host !== member || !countsAsRecognised(view, time)) continue;
      const { report } = await points.open(member, view);
      if (report?.head.sub.uscc !== uscc) continue;
      const { points: results } = await points.run(member, view, signal);
      const opened = results.find(({ point }) => point === 'measures')?.evidence['opened'];
      const stale = view.stale || !results.every(({ point, passed }) => point === 'age' || passed);
      const agreement = recognition.agreements().find(({ id }) => id === view.terms.agreement);
      found.push({
        case: view.id,
        until: view.due,
        report: report.head.number,
        purpose: this.#document(member, view.steps[0]?.document)?.request?.purpose ?? '',
        stale,
        benefits: stale ? [] : (this.#document(member, agreement?.terms.document)?.content?.benefits ?? []),
        measures: Array.isArray(opened) ? opened.map(String) : [],
      });
    }
    return { recognitions: found };
  }

  #document(member: MemberId, digest: Hex | undefined): CaseDocument | undefined {
    const { documents } = this.#needs;
    if (digest === undefined || !documents.has(member, digest)) return undefined;
    return parseDocument(documents.text(member, digest));
  }

  #view(member: MemberId): RecognitionPage {
    const { recognition, domain } = this.#needs;
    const head = this.#needs.head();
    if (!head) throw new XinlianError('OVERLOADED', { what: 'the first block of the chain', retryAfterSeconds: 2 });
    const { number, time } = head;
    return {
      head: { number, time },
      domain,
      agreements: recognition
        .agreements()
        .filter(({ terms }) => [terms.first, terms.second].includes(member))
        .map((view) => agreementText(view, time)),
      cases: recognition
        .cases()
        .filter((view) => isSide(member, view))
        .map((view) => this.#caseText(member, view, time)),
    };
  }

  #caseText(member: MemberId, view: CaseView, time: number): CaseText {
    return {
      ...view,
      steps: [...view.steps],
      recognised: countsAsRecognised(view, time),
      overdue: isOpenCase(view.state) && time > view.due,
      missing: this.#needs.documents.missing(member, view),
    };
  }

  #case(member: MemberId, id: string): CaseView {
    const wanted = parseCaseId(id);
    const view = this.#needs.recognition.cases().find((one) => one.id === wanted && isSide(member, one));
    if (!view) throw new XinlianError('NOT_FOUND', { what: 'case', id });
    return view;
  }

  async #told({ block }: Written): Promise<Uint8Array> {
    await this.#needs.reached(block);
    return writtenText.encode({ block });
  }

  #writer(member: MemberId): RecognitionWriter {
    const writer = this.#needs.writers.get(member);
    if (!writer) throw new XinlianError('MEMBER_UNKNOWN', { member });
    return writer;
  }
}

function agreementText(view: AgreementView, time: number): RecognitionPage['agreements'][number] {
  return { ...view, inForce: isInForce(view, time) };
}

function isSide(member: MemberId, { terms: { home, host } }: CaseView): boolean {
  return member === home || member === host;
}

// Recognition on paper: a chain that takes what RecognitionRegistry takes, by the table of authority and the signatures,
// and two centres' nodes over stores in memory, whose link can be cut.
import { ed25519 } from '@noble/curves/ed25519.js';
import { AUTHORITY, type CaseRole } from '../../node/core/case-authority.ts';
import { checksumAddress, localAccount, recoverSigner } from '../../node/core/account.ts';
import { toHex, utf8, type Hex } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { MemberId } from '../../node/core/ids.ts';
import {
  agreementIdOf,
  caseIdOf,
  enrolmentDigest,
  stepDigest,
  type AgreementTerms,
  type CaseStep,
  type CaseTerms,
  type Enrolment,
} from '../../node/core/recognition.ts';
import { xinlianDomain } from '../../node/core/typed-data.ts';
import { LiveState } from '../../node/chain/live-state.ts';
import { RecognitionView } from '../../node/chain/recognition-view.ts';
import type { EventBody } from '../../node/chain/events.ts';
import { CaseDocuments } from '../../node/exchange/case-documents.ts';
import { GroupCommit } from '../../node/exchange/group-commit.ts';
import type { CasePoints } from '../../node/exchange/case-points.ts';
import {
  RecognitionDesk,
  type RecognitionMethod,
  type RecognitionWriter,
  type Written,
} from '../../node/exchange/recognition-desk.ts';
import { RecordVault } from '../../node/exchange/vault.ts';
import { LevelRecognitionStore } from '../../node/store/recognition-store.ts';
import type { Batch, Store } from '../../node/store/store.ts';
import { RecognitionOffice, type StepSigner } from '../../gateway/client/recognition.ts';
import {
  agreementCall,
  caseActCall,
  caseRef,
  caseRequestCall,
  officerCall,
  ownDocumentRef,
  recognitionPage,
  testedCase,
  writtenText,
} from '../../node/core/messages/recognition.ts';
import { silent } from './agency.ts';
import { digest } from './consortium-on-anvil.ts';
import { memoryStore } from './memory-store.ts';

export const DAY = 86_400;
const ANYONE: Hex = `0x${'99'.repeat(20)}`;
export const CONTRACTS: { chainId: number; verifyingContract: Hex; deployment: Hex } = {
  chainId: 31337,
  verifyingContract: `0x${'e6'.repeat(20)}`,
  deployment: `0x${'d6'.repeat(32)}`,
};
const domain = xinlianDomain(CONTRACTS);

/** The key of a name: the same one every time. */
export function signerOf(name: string): StepSigner {
  return localAccount(digest(`signer ${name}`));
}

/** A block an act, final at once. */
export class PaperRecognition {
  readonly #live = new LiveState();
  readonly view = new RecognitionView(this.#live);
  time = 1_780_000_000;
  /** How many blocks there are. */
  block = 0;
  /** Told after each block. */
  listener = (): void => {};

  head() {
    return { number: this.block, hash: '0x' as Hex, time: this.time };
  }

  /** What a member sends. */
  writer(member: MemberId): RecognitionWriter {
    return {
      proposeAgreement: async (terms) =>
        this.#take({ type: 'AgreementProposed', agreement: agreementIdOf(terms), terms }),
      countersignAgreement: async (terms) => this.#countersign(terms),
      giveNotice: async (terms, document) => this.#notice(member, terms, document),
      enrolOfficer: async (enrolment, signature) => this.#enrol({ member, ...enrolment }, signature),
      dismissOfficer: async (officer) => this.#take({ type: 'OfficerDismissed', member, officer }),
      requestCase: async (terms, document, due) => this.#request(terms, document, due),
      actOnCase: async (act) => this.#act(member, act),
    };
  }

  #countersign(terms: AgreementTerms): Written {
    const agreement = agreementIdOf(terms);
    if (!this.view.agreement(agreement)) revert('RecognitionNotProposed');
    const previous = this.view.agreement(terms.previous);
    if (previous) this.#take({ type: 'AgreementEnded', agreement: previous.id, by: terms.second, endsAt: this.time, document: previous.id }); // prettier-ignore
    return this.#take({ type: 'AgreementCountersigned', agreement, edition: (previous?.edition ?? 0) + 1 });
  }

  #notice(by: MemberId, terms: AgreementTerms, document: Hex): Written {
    const agreement = agreementIdOf(terms);
    const endsAt = this.time + terms.noticeDays * DAY;
    if (this.view.agreement(agreement)?.endsAt !== undefined) revert('RecognitionAlreadyEnded');
    return this.#take({ type: 'AgreementEnded', agreement, by, endsAt, document });
  }

  #enrol(enrolment: Enrolment, signature: Hex): Written {
    const signer = recovered(enrolmentDigest(domain, enrolment), signature);
    if (signer !== enrolment.officer) revert('RecognitionInvalidSignature');
    return this.#take({ type: 'OfficerEnrolled', ...enrolment });
  }

  #request(terms: CaseTerms, document: Hex, due: number): Written {
    if (this.view.case(caseIdOf(terms))) revert('RecognitionWrongState');
    const agreement = this.view.agreement(terms.agreement);
    if (agreement?.agreed !== true || this.time >= (agreement.endsAt ?? Infinity)) revert('RecognitionNotInForce');
    return this.#take({ type: 'CaseRequested', caseId: caseIdOf(terms), terms, document, due });
  }

  #act(
    sender: MemberId,
    { terms, step, first, second }: { terms: CaseTerms; step: CaseStep; first?: Hex; second?: Hex },
  ): Written {
    const caseId = caseIdOf(terms);
    const before = this.view.case(caseId);
    const { from, by, to, second: beside, clock, answers } = AUTHORITY[step.action];
    if (!before || step.action === 'request' || !from.includes(before.state)) return revert('RecognitionWrongState');
    if (!by.includes(step.role)) revert('RecognitionWrongRole');
    if (step.step !== before.steps.length) revert('RecognitionWrongStep');
    const actor = this.#actor(sender, terms, step.role, stepDigest(domain, caseId, step), first);
    const other = second && recovered(stepDigest(domain, caseId, step), second);
    if (beside === 'four-eyes' && (other === actor || !this.#isOfficer(terms.host, other, 1)))
      revert('RecognitionNotOfficer');
    if (step.action === 'return' && before.roundsLeft === 0) revert('RecognitionNoRoundsLeft');
    if (step.action === 'appeal' && before.appealed) revert('RecognitionAlreadyAppealed');
    if ((step.action === 'supplement' || step.action === 'appeal') && this.time > before.due)
      revert('RecognitionApplicantLate');
    if (step.action === 'lapse' && !(before.state === 'returned' && this.time > before.due))
      revert('RecognitionNotYet');
    if (step.action === 'expire' && this.time < before.due) revert('RecognitionNotYet');
    if ((step.action === 'mark-stale' && before.stale) || (step.action === 'clear-stale' && !before.stale))
      revert('RecognitionStaleness');
    if ((clock === 'none') !== (step.due === 0)) revert('RecognitionWrongDue');
    return this.#take({
      type: 'CaseStepped',
      caseId,
      action: step.action,
      role: step.role,
      actor,
      step: step.step,
      document: step.document,
      due: clock === 'none' && to === undefined ? before.due : step.due,
      late: answers && this.time > before.due,
    });
  }

  #actor(sender: MemberId, terms: CaseTerms, role: CaseRole, signed: Hex, signature: Hex | undefined): Hex {
    if (role === 'anyone') return ANYONE;
    if (role === 'home-node') return sender === terms.home ? ANYONE : revert('RecognitionUnauthorized');
    const signer = signature && recovered(signed, signature);
    if (role === 'applicant') return signer === terms.applicant ? signer : revert('RecognitionInvalidSignature');
    const side = role.startsWith('home') ? terms.home : terms.host;
    if (!this.#isOfficer(side, signer, role.endsWith('decider') ? 2 : 1)) return revert('RecognitionNotOfficer');
    return signer as Hex;
  }

  #isOfficer(member: MemberId, officer: Hex | undefined, duty: number): boolean {
    return officer !== undefined && this.view.isOfficer(member, officer, duty, this.time);
  }

  #take(body: EventBody): Written {
    const block = ++this.block;
    const place = { block, blockHash: '0x', transaction: '0x', logIndex: 0 } as const;
    const events = [Object.assign({}, body, place)];
    this.#live.extend([{ number: block, hash: '0x', parent: '0x', time: this.time, events }]);
    this.#live.finalise(block);
    this.listener();
    return { block };
  }
}

function recovered(signed: Hex, signature: Hex): Hex {
  return checksumAddress(recoverSigner(signed, signature, 'step'));
}

function revert(error: string): never {
  throw new XinlianError('TRANSACTION_REVERTED', { hash: '', error, arguments: [] });
}

/** A centre: its node over a store that outlives it, and its program. */
export class Centre {
  readonly id: MemberId;
  readonly chain: PaperRecognition;
  readonly store: Store;
  /** The other centre; the link to it can be cut. */
  other: Centre | undefined;
  cut = false;
  documents!: CaseDocuments<Batch>;
  desk!: RecognitionDesk<Batch>;
  readonly office: RecognitionOffice;
  /** How its node tests reports: on paper, every one passes. */
  testing: Pick<CasePoints<Batch>, 'run' | 'open'> = {
    run: async () => ({ time: this.chain.time, passed: true, points: [] }),
    open: async () => ({ report: undefined, fault: 'on paper', entry: undefined, digest: undefined }),
  };
  /** Signs certificates. */
  readonly key = ed25519.keygen();

  private constructor(id: MemberId, chain: PaperRecognition, store: Store) {
    this.id = id;
    this.chain = chain;
    this.store = store;
    this.restart();
    const signal = new AbortController().signal;
    const answer = (method: RecognitionMethod, argument: Uint8Array) =>
      this.desk.answer(this.id, method, argument, signal);
    this.office = new RecognitionOffice(id, {
      clock: { now: () => chain.time * 1000 },
      sealed: {
        recognition: async () => recognitionPage.decode(await answer('recognition/view', new Uint8Array())),
        actOnAgreement: async (call) => writtenText.decode(await answer('agreement/act', agreementCall.encode(call))),
        actOnOfficer: async (call) => writtenText.decode(await answer('officer/act', officerCall.encode(call))),
        requestRecognition: async (call) =>
          writtenText.decode(await answer('recognition/request', caseRequestCall.encode(call))),
        actOnRecognition: async (call) => writtenText.decode(await answer('recognition/act', caseActCall.encode(call))),
        testCase: async (id) => testedCase.decode(await answer('recognition/points', caseRef.encode({ case: id }))),
        recognitionDocument: async (wanted) =>
          new TextDecoder().decode(await answer('recognition/document', ownDocumentRef.encode({ digest: wanted }))),
      },
    });
  }

  static async pair(chain: PaperRecognition, ids: [MemberId, MemberId]): Promise<[Centre, Centre]> {
    const [a, b] = [new Centre(ids[0], chain, await memoryStore()), new Centre(ids[1], chain, await memoryStore())];
    a.other = b;
    b.other = a;
    return [a, b];
  }

  /** What is in memory is gone; the store stays. */
  restart(): void {
    const { chain, id } = this;
    this.documents = new CaseDocuments<Batch>({
      store: new LevelRecognitionStore(this.store),
      commits: new GroupCommit<Batch>(() => this.store.batch()),
      recognition: chain.view,
      vaults: new Map([[id, new RecordVault({ index: digest(`index ${id}`), epochs: new Map([[1, digest(id)]]) })]]),
      fetch: async (member, reader, wanted) => {
        if (this.cut || this.other === undefined || this.other.cut)
          throw new XinlianError('UNREACHABLE', { peer: member, reason: 'cut' });
        return utf8(this.other.documents.textFor(member, reader, wanted));
      },
      logger: silent,
    });
    this.desk = new RecognitionDesk<Batch>({
      recognition: chain.view,
      head: () => chain.head(),
      domain: CONTRACTS,
      documents: this.documents,
      points: { run: (...args) => this.testing.run(...args), open: (...args) => this.testing.open(...args) },
      signer: () => ({ sign: (message) => ed25519.sign(message, this.key.secretKey) }),
      clock: { now: () => chain.time * 1000 },
      reached: async () => {},
      writers: new Map([[id, chain.writer(id)]]),
    });
  }

  /** Fetches what is missing. @returns how much is missing still */
  fetch(): Promise<number> {
    return this.documents.fetchMissing(new AbortController().signal);
  }
}

/** A digest that is nobody's document. */
export const NOBODYS: Hex = toHex(digest('nobody'));

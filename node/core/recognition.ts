// Mutual recognition on the chain: what its contract is shown, and the ids and digests of that. The twins are in
// contracts/types/Recognition.sol; docs/recognition.md.
import { TypedDataEncoder } from 'ethers/hash';
import type { Branded } from './brand.ts';
import type { Hex } from './bytes.ts';
import { CASE_ACTIONS, CASE_ROLES, type CaseAction, type CaseRole } from './case-authority.ts';
import { XinlianError, malformed } from './errors.ts';
import type { MemberId } from './ids.ts';
import { typedDataDigest, type TypedDataDomain, type TypedDataTypes } from './typed-data.ts';

/** `0x` and 64 lower-case hex digits; see `agreementIdOf`. */
export type AgreementId = Branded<Hex, 'AgreementId'>;

/** `0x` and 64 lower-case hex digits; see `caseIdOf`. */
export type CaseId = Branded<Hex, 'CaseId'>;

/** What the chain is shown of an agreement between two regional centres. */
export interface AgreementTerms {
  /** SHA-256 of the canonical bytes of the agreement, 32 bytes. */
  document: Hex;
  /** The centre that proposes it. */
  first: MemberId;
  /** The centre that countersigns it. */
  second: MemberId;
  /** The edition before; `NO_AGREEMENT` for the first between the two. */
  previous: AgreementId;
  /** Seconds since 1970, included. */
  validFrom: number;
  /** Seconds since 1970, excluded. */
  validTo: number;
  /** Days from a notice to the end. */
  noticeDays: number;
  /** The frame of due dates in days, which themselves count working days: no chain can. */
  officialLeastDays: number;
  officialMostDays: number;
  applicantLeastDays: number;
  applicantMostDays: number;
  /** The most days for which a report is recognised. */
  validityDays: number;
  /** How often a case may be returned for supplement. */
  supplementRounds: number;
  /** Whether a second officer of the deciding side signs each decision. */
  fourEyes: boolean;
}

/** What a case is about. */
export interface CaseTerms {
  agreement: AgreementId;
  /** The centre whose report it is about. */
  home: MemberId;
  /** The centre that is asked to recognise it. */
  host: MemberId;
  /** Account made for this one case, EIP-55; its key speaks for the applicant. */
  applicant: Hex;
  /** SHA-256 of the report, 32 bytes. */
  report: Hex;
}

/** One step of a case, as it is signed. */
export interface CaseStep {
  action: CaseAction;
  role: CaseRole;
  /** How many steps the case has had. */
  step: number;
  /** SHA-256 of the step's document, 32 bytes; zeros for `anyone`. */
  document: Hex;
  /** Seconds since 1970; 0 where the action has none. */
  due: number;
  /** Seconds since 1970, included: later the signatures do not count. */
  deadline: number;
}

/** A step that the chain took. */
export interface TakenStep {
  action: CaseAction;
  role: CaseRole;
  /** Who signed, or sent where the role has no signature; EIP-55. Absent: the home member, by its transaction key. */
  actor?: Hex;
  document: Hex;
  /** What runs from then on; 0 where nothing does. */
  due: number;
  /** An official step that was due before. */
  late: boolean;
  block: number;
  /** Of its block, seconds since 1970. */
  time: number;
}

const AGREEMENT_TYPES = {
  AgreementTerms: [
    { name: 'document', type: 'bytes32' },
    { name: 'first', type: 'bytes32' },
    { name: 'second', type: 'bytes32' },
    { name: 'previous', type: 'bytes32' },
    { name: 'validFrom', type: 'uint32' },
    { name: 'validTo', type: 'uint32' },
    { name: 'noticeDays', type: 'uint16' },
    { name: 'officialLeastDays', type: 'uint8' },
    { name: 'officialMostDays', type: 'uint8' },
    { name: 'applicantLeastDays', type: 'uint8' },
    { name: 'applicantMostDays', type: 'uint8' },
    { name: 'validityDays', type: 'uint16' },
    { name: 'supplementRounds', type: 'uint8' },
    { name: 'fourEyes', type: 'bool' },
  ],
} satisfies TypedDataTypes;

const CASE_TYPES = {
  CaseTerms: [
    { name: 'agreement', type: 'bytes32' },
    { name: 'home', type: 'bytes32' },
    { name: 'host', type: 'bytes32' },
    { name: 'applicant', type: 'address' },
    { name: 'report', type: 'bytes32' },
  ],
} satisfies TypedDataTypes;

/** Signed by officers and applicants, for `RecognitionRegistry.request` and `act`. */
const CASE_STEP_TYPES = {
  CaseStep: [
    { name: 'caseId', type: 'bytes32' },
    { name: 'action', type: 'uint8' },
    { name: 'role', type: 'uint8' },
    { name: 'step', type: 'uint16' },
    { name: 'document', type: 'bytes32' },
    { name: 'due', type: 'uint32' },
    { name: 'deadline', type: 'uint64' },
  ],
} satisfies TypedDataTypes;

/** The officer's word that the key is held, for `RecognitionRegistry.enrol`. */
const ENROLMENT_TYPES = {
  OfficerEnrolment: [
    { name: 'member', type: 'bytes32' },
    { name: 'officer', type: 'address' },
    { name: 'duties', type: 'uint8' },
    { name: 'until', type: 'uint32' },
  ],
} satisfies TypedDataTypes;

export interface Enrolment {
  member: MemberId;
  /** EIP-55 */
  officer: Hex;
  /** What the officer may sign, a bit each: 1 handles 经办, 2 decides 审批. */
  duties: number;
  /** Seconds since 1970, excluded. */
  until: number;
}

/** Throws `MALFORMED`. */
export function agreementIdOf(terms: AgreementTerms): AgreementId {
  return structHash('AgreementTerms', AGREEMENT_TYPES, terms) as AgreementId;
}

/** Throws `MALFORMED`. */
export function caseIdOf(terms: CaseTerms): CaseId {
  return structHash('CaseTerms', CASE_TYPES, terms) as CaseId;
}

/** A step as the contract takes it. */
export function encodeStep({ action, role, ...rest }: CaseStep): Record<string, unknown> {
  return { ...rest, action: CASE_ACTIONS.indexOf(action), role: CASE_ROLES.indexOf(role) };
}

/** What a step's signers sign. @param domain that of the RecognitionRegistry */
export function stepDigest(domain: TypedDataDomain, caseId: CaseId, step: CaseStep): Hex {
  return typedDataDigest(domain, CASE_STEP_TYPES, { ...encodeStep(step), caseId });
}

/** What an officer signs to be enrolled. @param domain that of the RecognitionRegistry */
export function enrolmentDigest(domain: TypedDataDomain, enrolment: Enrolment): Hex {
  return typedDataDigest(domain, ENROLMENT_TYPES, { ...enrolment });
}

const HASH = /^0x[0-9a-f]{64}$/;

/** Throws `MALFORMED`. */
export function parseAgreementId(text: string): AgreementId {
  if (!HASH.test(text)) malformed('agreement id', '0x and 64 lower-case hex digits', text);
  return text as AgreementId;
}

/** Throws `MALFORMED`. */
export function parseCaseId(text: string): CaseId {
  if (!HASH.test(text)) malformed('case id', '0x and 64 lower-case hex digits', text);
  return text as CaseId;
}

function structHash(name: string, types: TypedDataTypes, value: object): string {
  try {
    return TypedDataEncoder.hashStruct(name, types, value);
  } catch (cause) {
    const got = String(cause).slice(0, 120);
    throw new XinlianError('MALFORMED', { what: name, wanted: 'values of its types', got }, { cause });
  }
}

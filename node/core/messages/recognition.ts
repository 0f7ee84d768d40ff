// Recognition on the wire: what a centre asks of its own node, and documents between the nodes of two sides.
import { Type, type Static } from 'typebox';
import { CASE_ACTIONS, CASE_ROLES, CASE_STATES } from '../case-authority.ts';
import { MOST_DOCUMENT } from '../case-document.ts';
import { PointResult } from '../eight-points.ts';
import { codec } from './codec.ts';
import { AgreementTermsText, CaseTermsText, StepText } from './recognition-terms.ts';

const closed = { additionalProperties: false };
const hash = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const account = Type.String({ pattern: '^0x[0-9a-fA-F]{40}$', description: 'Address' });
const signature = Type.String({ pattern: '^0x[0-9a-f]{130}$', description: 'r, s and v, 65 bytes' });
const seconds = Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1, description: 'Seconds since 1970' });
const byte = Type.Integer({ minimum: 0, maximum: 255 });
const text = Type.String({ minLength: 1, maxLength: MOST_DOCUMENT, description: 'RFC 8785 form of a CaseDocument' });

/** `propose` and `notice` come with a document, whose digest is that of the terms, or goes to the chain. */
export const AgreementCall = Type.Object(
  {
    act: Type.Enum(['propose', 'countersign', 'notice']),
    terms: AgreementTermsText,
    text: Type.Optional(text),
  },
  closed,
);
export type AgreementCall = Static<typeof AgreementCall>;

export const OfficerCall = Type.Union([
  Type.Object({ act: Type.Literal('enrol'), officer: account, duties: byte, until: seconds, signature }, closed),
  Type.Object({ act: Type.Literal('dismiss'), officer: account }, closed),
]);
export type OfficerCall = Static<typeof OfficerCall>;

/** `report` and `request` are documents; the digest of the first is in the terms. */
export const CaseRequestCall = Type.Object({ terms: CaseTermsText, report: text, request: text, due: seconds }, closed);
export type CaseRequestCall = Static<typeof CaseRequestCall>;

export const CaseActCall = Type.Object(
  {
    case: hash,
    step: StepText,
    text: Type.Optional(text),
    first: Type.Optional(signature),
    second: Type.Optional(signature),
  },
  closed,
);
export type CaseActCall = Static<typeof CaseActCall>;

export const WrittenText = Type.Object(
  { block: Type.Integer({ minimum: 0, description: 'Where it was mined' }) },
  closed,
);
export type WrittenText = Static<typeof WrittenText>;

export const AgreementText = Type.Object(
  {
    id: hash,
    terms: AgreementTermsText,
    agreed: Type.Boolean(),
    edition: Type.Optional(Type.Integer()),
    endsAt: Type.Optional(seconds),
    inForce: Type.Boolean({ description: 'Whether a case may be requested under it now' }),
  },
  closed,
);

const TakenStepText = Type.Object(
  {
    action: Type.Enum([...CASE_ACTIONS]),
    role: Type.Enum([...CASE_ROLES]),
    actor: Type.Optional(account),
    document: hash,
    due: seconds,
    late: Type.Boolean(),
    block: Type.Integer(),
    time: seconds,
  },
  closed,
);

export const CaseText = Type.Object(
  {
    id: hash,
    terms: CaseTermsText,
    state: Type.Enum([...CASE_STATES]),
    final: Type.Enum([...CASE_STATES]),
    due: seconds,
    since: seconds,
    roundsLeft: byte,
    lateSteps: Type.Integer(),
    stale: Type.Boolean(),
    lost: Type.Boolean(),
    appealed: Type.Boolean(),
    steps: Type.Array(TakenStepText),
    recognised: Type.Boolean({ description: 'Whether something may be built on it now' }),
    overdue: Type.Boolean({ description: 'Whether what runs should have been done' }),
    missing: Type.Array(hash, { description: 'Digests of documents that did not come yet' }),
  },
  closed,
);
export type CaseText = Static<typeof CaseText>;

export const RecognitionPage = Type.Object(
  {
    head: Type.Object({ number: Type.Integer(), time: seconds }, closed),
    domain: Type.Object({ chainId: Type.Integer(), verifyingContract: account, deployment: hash }, closed),
    agreements: Type.Array(AgreementText),
    cases: Type.Array(CaseText),
  },
  closed,
);
export type RecognitionPage = Static<typeof RecognitionPage>;

/** What recognitions open for an enterprise at this side's service desk, as they stand at this moment. */
export const OpenedQuestion = Type.Object({ uscc: Type.String({ pattern: '^[0-9A-HJ-NPQRTUWXY]{18}$' }) }, closed);
export const OpenedRecognitions = Type.Object(
  {
    recognitions: Type.Array(
      Type.Object(
        {
          case: hash,
          until: seconds,
          report: Type.String({ description: 'Its number' }),
          purpose: Type.String(),
          stale: Type.Boolean({
            description: 'Something changed since: benefits wait until the host has looked at it',
          }),
          benefits: Type.Array(Type.Object({ code: Type.String(), zh: Type.String(), en: Type.String() }, closed)),
          measures: Type.Array(Type.String(), { description: 'Of the own list, by facts that stand' }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type OpenedRecognitions = Static<typeof OpenedRecognitions>;

export const CaseRef = Type.Object({ case: hash }, closed);

/** The eight-point test of a case, run at this moment. */
export const TestedCase = Type.Object(
  { case: hash, time: seconds, passed: Type.Boolean(), points: Type.Array(PointResult) },
  closed,
);
export type TestedCase = Static<typeof TestedCase>;

/** Asks a node for a document that it has as a side; between nodes `reader` is who asks. */
export const DocumentRef = Type.Object({ member: hash, reader: hash, digest: hash }, closed);
export type DocumentRef = Static<typeof DocumentRef>;

/** The same of one's own node. */
export const OwnDocumentRef = Type.Object({ digest: hash }, closed);

export const agreementCall = codec('act on an agreement', AgreementCall);
export const officerCall = codec('act on an officer', OfficerCall);
export const caseRequestCall = codec('request of a case', CaseRequestCall);
export const caseActCall = codec('act on a case', CaseActCall);
export const openedQuestion = codec('question of recognitions', OpenedQuestion);
export const openedRecognitions = codec('recognitions', OpenedRecognitions);
export const caseRef = codec('reference of a case', CaseRef);
export const testedCase = codec('test of a case', TestedCase);
export const writtenText = codec('transaction', WrittenText);
export const recognitionPage = codec('recognition', RecognitionPage);
export const documentRef = codec('reference of a document', DocumentRef);
export const ownDocumentRef = codec('reference of a document', OwnDocumentRef);

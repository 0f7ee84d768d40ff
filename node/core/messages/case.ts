// Cases on the wire: as the agency that decides and the subject see them.
import { Type, type Static } from 'typebox';
import { ENTRY_TEXT, HASHES } from '../bundle.ts';
import { CASE_KINDS, CASE_OUTCOMES, CASE_PARTIES, CASE_STATES, CaseId, CaseStep } from '../case-act.ts';
import { STATUSES } from '../status-change.ts';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };
const date = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' });
const recordId = Type.String({ pattern: '^[A-Za-z0-9_-]{21}[AQgw]$' });

/** A legal value where it is shown: with its source, and whether that was looked up. */
export const DueDate = Type.Object(
  {
    date: { ...date, description: 'Last day' },
    term: Type.String({ description: '3 working-days' }),
    citation: Type.String(),
    unverified: Type.Boolean({ description: 'The term was not compared with its source' }),
    calendar: Type.String({ description: 'Edition of the calendar that it was counted by' }),
    provisional: Type.Boolean({ description: 'That edition does not know the holidays yet' }),
  },
  closed,
);

export const StepView = Type.Object(
  {
    position: Type.Integer({ minimum: 0, description: 'Of its line in the log' }),
    opening: CaseStep,
    evidence: Type.String({
      description: 'The act as it was signed: compact JWS, or the signed call of an enterprise',
    }),
    entry: ENTRY_TEXT,
    inclusion: Type.Optional(HASHES),
  },
  closed,
);

export const CaseView = Type.Object(
  {
    case: CaseId,
    kind: Type.Enum([...CASE_KINDS]),
    record: recordId,
    item: Type.String(),
    subject: Type.String(),
    state: Type.Enum([...CASE_STATES]),
    opened: date,
    turn: Type.Optional(Type.Enum([...CASE_PARTIES])),
    due: Type.Optional(DueDate),
    overdue: Type.Boolean(),
    outcome: Type.Optional(Type.Enum([...CASE_OUTCOMES])),
    holders: Type.Array(Type.String(), { description: 'Members that were shown the record: whom its end concerns' }),
    steps: Type.Array(StepView),
  },
  closed,
);
export type CaseView = Static<typeof CaseView>;

export const CasePage = Type.Object(
  {
    member: Type.String(),
    log: Type.String(),
    checkpoint: Type.String({ description: 'C2SP signed note; empty before the first' }),
    key: Type.String({ description: 'Checkpoint key, Ed25519, base64url' }),
    cases: Type.Array(CaseView),
    next: Type.Optional(CaseId),
  },
  closed,
);
export type CasePage = Static<typeof CasePage>;

export const CaseQuery = Type.Object(
  {
    after: Type.Optional({ ...CaseId, description: '`next` of the page before' }),
    case: Type.Optional(CaseId),
    record: Type.Optional(recordId),
    open: Type.Optional(Type.Boolean({ description: 'Only those in which something is awaited' })),
  },
  closed,
);
export type CaseQuery = Static<typeof CaseQuery>;

export const PublicityView = Type.Object(
  {
    published: Type.Boolean(),
    why: Type.Optional(Type.String()),
    grade: Type.Optional(Type.String()),
    from: Type.Union([date, Type.Null()]),
    until: Type.Union([date, Type.Null()]),
    repairFrom: Type.Optional(
      Type.Union([date, Type.Null()], { description: 'Null: as soon as the duties are done; absent: needs no repair' }),
    ),
    edition: Type.String(),
    citation: Type.String(),
    unverified: Type.Boolean(),
  },
  closed,
);

/** What a member holds of a subject, as that subject sees it. */
export const OwnRecord = Type.Object(
  {
    record: recordId,
    item: Type.String(),
    edition: Type.String(),
    class: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    position: Type.Integer({ minimum: 0 }),
    status: Type.Enum([...STATUSES]),
    publicity: PublicityView,
    claims: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
  },
  closed,
);
export type OwnRecord = Static<typeof OwnRecord>;

export const OwnRecordPage = Type.Object(
  { member: Type.String(), records: Type.Array(OwnRecord), next: Type.Optional(recordId) },
  closed,
);
export type OwnRecordPage = Static<typeof OwnRecordPage>;

export const OwnRecordQuery = Type.Object({ after: Type.Optional(recordId) }, closed);

export const caseView = codec('case', CaseView);
export const casePage = codec('cases', CasePage);
export const caseQuery = codec('case query', CaseQuery);
export const ownRecordPage = codec('own records', OwnRecordPage);
export const ownRecordQuery = codec('own records query', OwnRecordQuery);

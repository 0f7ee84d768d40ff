// Credit reports on the wire: what a centre asks of the sources of its region, what its programs ask of its node, and what
// anybody is told who scans the code of a report.
import { Type, type Static } from 'typebox';
import { AnchoredPart, AnswerStatus, RecordPart } from '../answer-parts.ts';
import { ENTRY_TEXT, HASHES, LARGEST_POSITION } from '../bundle.ts';
import { STATUSES } from '../status-change.ts';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };
const hash = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const recordId = Type.String({ pattern: '^[A-Za-z0-9_-]{21}[AQgw]$' });
const position = Type.Integer({ minimum: 0, maximum: LARGEST_POSITION });
const number = Type.String({ pattern: '^\\d{22}$', description: 'Of a report 报告编号' });
const uscc = Type.String({ pattern: '^[0-9A-HJ-NPQRTUWXY]{18}$' });

/** Positions that one question asks about. */
export const MOST_POSITIONS = 500;

/** Published records of a subject at a member, a page of them, proved under one checkpoint. */
export const ProvedPage = Type.Object(
  { member: hash, log: AnchoredPart, records: Type.Array(RecordPart), next: Type.Optional(recordId) },
  closed,
);
export type ProvedPage = Static<typeof ProvedPage>;

export const StandingQuestion = Type.Object(
  { log: hash, positions: Type.Array(position, { minItems: 1, maxItems: MOST_POSITIONS }) },
  closed,
);
export type StandingQuestion = Static<typeof StandingQuestion>;

/** How entries stand: proved under the last signed checkpoint, and as the node has them at this moment. */
export const StandingPage = Type.Object(
  {
    log: AnchoredPart,
    entries: Type.Array(
      Type.Object(
        {
          position,
          entry: ENTRY_TEXT,
          inclusion: HASHES,
          status: AnswerStatus,
          now: Type.Enum([...STATUSES], { description: 'What no checkpoint covers yet, too' }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type StandingPage = Static<typeof StandingPage>;

const date = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' });

/** Of a special report 专项信用报告: chosen fields of law, and a period. */
export const SpecialOrder = Type.Object(
  { fields: Type.Array(Type.String(), { minItems: 1, maxItems: 100 }), from: date, to: date },
  closed,
);
export type SpecialOrder = Static<typeof SpecialOrder>;

/** What an enterprise orders of itself at its centre: a special report where it names one, a factual one else. */
export const OwnReportOrder = Type.Object({ special: Type.Optional(SpecialOrder) }, closed);
export type OwnReportOrder = Static<typeof OwnReportOrder>;

/** `answers`: signed answers to queries of this centre under grants of the subject, as they were opened. */
export const CompileReport = Type.Object(
  {
    uscc,
    name: Type.String({ minLength: 1, maxLength: 200 }),
    answers: Type.Optional(Type.Array(Type.String(), { maxItems: 50 })),
    special: Type.Optional(SpecialOrder),
  },
  closed,
);
export type CompileReport = Static<typeof CompileReport>;

export const ReportText = Type.Object(
  {
    number,
    digest: hash,
    log: hash,
    position: Type.Integer({ minimum: 0, description: 'Of its line in that log of the centre' }),
    text: Type.String({ description: 'SD-JWT' }),
  },
  closed,
);
export type ReportText = Static<typeof ReportText>;

export const ReportRef = Type.Object({ number }, closed);

export const ReportList = Type.Object(
  {
    reports: Type.Array(
      Type.Object(
        { number, digest: hash, uscc, name: Type.String(), time: Type.Integer(), position, withdrawn: Type.Boolean() },
        closed,
      ),
    ),
    next: Type.Optional(number),
  },
  closed,
);
export type ReportList = Static<typeof ReportList>;

export const ReportListRequest = Type.Object({ after: Type.Optional(number) }, closed);

/** Asked by whoever was shown a report: it knows its digest. */
export const ReportQuestion = Type.Object({ member: hash, number, digest: hash }, closed);
export type ReportQuestion = Static<typeof ReportQuestion>;

/**
 * `valid`: nothing in it has changed. `stale`: something has, or its sources could not all be asked whether it has.
 * `withdrawn`: the centre took it back.
 */
export const REPORT_STATES = ['valid', 'stale', 'withdrawn'] as const;

export const ReportStanding = Type.Object(
  {
    member: hash,
    number,
    digest: hash,
    time: Type.Integer({ description: 'When it was made, seconds since 1970' }),
    kind: Type.Enum(['factual', 'special']),
    state: Type.Enum([...REPORT_STATES]),
    changed: Type.Integer({ minimum: 0, description: 'Lines of which something has changed since' }),
    unreached: Type.Integer({ minimum: 0, description: 'Lines whose source could not be asked' }),
    log: hash,
    position,
  },
  closed,
);
export type ReportStanding = Static<typeof ReportStanding>;

export const provedPage = codec('proved records', ProvedPage);
export const standingQuestion = codec('question of standing', StandingQuestion);
export const standingPage = codec('standing of entries', StandingPage);
export const compileReport = codec('order of a report', CompileReport);
export const ownReportOrder = codec('order of an own report', OwnReportOrder);
export const reportText = codec('report', ReportText);
export const reportRef = codec('reference of a report', ReportRef);
export const reportList = codec('reports', ReportList);
export const reportListRequest = codec('request of reports', ReportListRequest);
export const reportQuestion = codec('question of a report', ReportQuestion);
export const reportStanding = codec('standing of a report', ReportStanding);

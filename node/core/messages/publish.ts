// Publishing: a submission is a file or a stream of rows, sent in chunks of whole NDJSON lines.
import { Type, type Static } from 'typebox';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };

/** What a row failed, in words that its sender can act on. `got` is the sender's own value: never logged. */
export const RowFault = Type.Object(
  {
    field: Type.Optional(Type.String({ description: 'Column, as the national standard names it' })),
    code: Type.String({ description: 'Stable code of the fault, e.g. required, length, date, check-character' }),
    wanted: Type.String(),
    got: Type.String(),
  },
  closed,
);
export type RowFault = Static<typeof RowFault>;

export const RowOutcome = Type.Object(
  {
    row: Type.Integer({ minimum: 1, description: 'Ordinal of the row in the submission, from 1' }),
    outcome: Type.Union([
      Type.Literal('published'),
      Type.Literal('corrected'),
      Type.Literal('unchanged'),
      Type.Literal('rejected'),
    ]),
    record: Type.Optional(Type.String({ description: 'Record id; the same through all versions' })),
    version: Type.Optional(Type.Integer({ minimum: 1 })),
    position: Type.Optional(Type.Integer({ minimum: 0, description: 'Position in the log; absent in a dry run' })),
    faults: Type.Optional(Type.Array(RowFault)),
    warnings: Type.Optional(Type.Array(RowFault)),
  },
  closed,
);
export type RowOutcome = Static<typeof RowOutcome>;

export const Counts = Type.Object(
  {
    rows: Type.Integer({ minimum: 0 }),
    published: Type.Integer({ minimum: 0 }),
    corrected: Type.Integer({ minimum: 0 }),
    unchanged: Type.Integer({ minimum: 0 }),
    rejected: Type.Integer({ minimum: 0 }),
  },
  closed,
);
export type Counts = Static<typeof Counts>;

export const OpenSubmission = Type.Object(
  {
    submission: Type.String({
      pattern: '^[A-Za-z0-9_-]{8,64}$',
      description: 'Chosen by the sender; the same one again goes on where it stopped',
    }),
    item: Type.String({ description: 'Catalogue item of the rows' }),
    dryRun: Type.Boolean(),
  },
  closed,
);
export type OpenSubmission = Static<typeof OpenSubmission>;

export const SubmissionState = Type.Object(
  {
    submission: Type.String(),
    item: Type.String(),
    dryRun: Type.Boolean(),
    next: Type.Integer({ minimum: 0, description: 'Index of the chunk that is wanted next' }),
    closed: Type.Boolean(),
    counts: Counts,
  },
  closed,
);
export type SubmissionState = Static<typeof SubmissionState>;

export const ChunkHeader = Type.Object({ submission: Type.String(), index: Type.Integer({ minimum: 0 }) }, closed);
export type ChunkHeader = Static<typeof ChunkHeader>;

/** The answer to a chunk: given only when all of it is durable. */
export const ChunkResult = Type.Object(
  { index: Type.Integer({ minimum: 0 }), counts: Counts, outcomes: Type.Array(RowOutcome) },
  closed,
);
export type ChunkResult = Static<typeof ChunkResult>;

export const SubmissionRef = Type.Object({ submission: Type.String() }, closed);
export type SubmissionRef = Static<typeof SubmissionRef>;

export const openSubmission = codec('submission', OpenSubmission);
export const submissionState = codec('submission state', SubmissionState);
export const chunkHeader = codec('chunk header', ChunkHeader);
export const chunkResult = codec('chunk result', ChunkResult);
export const submissionRef = codec('submission reference', SubmissionRef);

import { Type, type Static } from 'typebox';
import { BUNDLE_MEDIA_TYPE } from '../../node/core/bundle.ts';
import { Counts, RowOutcome, SubmissionState } from '../../node/core/messages/publish.ts';
import { RecordState } from '../../node/core/messages/record.ts';
import { TLOG_PROOF_MEDIA_TYPE } from '../../node/core/tlog-proof.ts';
import { define } from './endpoint.ts';
import { MAX_LINE_BYTES } from './limits.ts';
import { closed, LogIdText, Problem, RecordIdText, Time } from './schemas.ts';

export const SubmissionIdText = Type.String({ pattern: '^[A-Za-z0-9_-]{8,64}$', description: 'Submission id' });
const Version = Type.Optional(Type.Integer({ minimum: 1, description: 'Absent: the last one' }));

export const ChunkLine = Type.Object(
  { type: Type.Literal('chunk'), index: Type.Integer({ minimum: 0 }), ...Counts.properties },
  { ...closed, description: 'A part of the rows is durable' },
);
export const RowLine = Type.Object({ type: Type.Literal('row'), ...RowOutcome.properties }, closed);
export const SummaryLine = Type.Object(
  { type: Type.Literal('summary'), ...SubmissionState.properties },
  { ...closed, description: 'Last line: every row was answered' },
);
export const ProblemLine = Type.Object(
  { ...Problem.properties, type: Type.Literal('problem'), problem: Type.String({ description: '`type` of RFC 9457' }) },
  { ...closed, description: 'Last line: what came before is durable; send the same again to go on' },
);
export const PublishLine = Type.Union([ChunkLine, RowLine, SummaryLine, ProblemLine]);
export type PublishLine = Static<typeof PublishLine>;
export type ProblemLine = Static<typeof ProblemLine>;

export const publishRecords = define({
  method: 'POST',
  path: '/v1/records',
  tag: 'Publishing',
  summary: 'Publish rows, as a stream',
  description:
    'One JSON object a line. Rows are taken while they come, and answered while they come: read the answer while you ' +
    'send, above all with `outcomes=all`. A line of type `chunk` says that its rows are durable; the last line is of type ' +
    '`summary`, or `problem` where the stream broke. Good rows go on whatever the bad ones do. Sending the same ' +
    'rows again under the same Idempotency-Key goes on where it stopped, and gives the same answers. For members that are ' +
    'hosted by this gateway’s own node; any other uses a sealed session.',
  scope: 'publish',
  rate: 'normal',
  idempotency: {
    kind: 'natural',
    natural:
      'the key names the submission: it goes on where it stopped, with the same answers, and other rows are refused',
  },
  query: Type.Object(
    {
      item: Type.String({ minLength: 1, maxLength: 64, description: 'Catalogue item of the rows' }),
      dryRun: Type.Optional(Type.Boolean({ default: false, description: 'Validate only' })),
      outcomes: Type.Optional(
        Type.Union([Type.Literal('faults'), Type.Literal('all')], {
          default: 'faults',
          description: 'Which rows get a line of their own: those rejected or warned of, or all',
        }),
      ),
    },
    closed,
  ),
  request: { kind: 'lines', maxLineBytes: MAX_LINE_BYTES },
  response: { kind: 'lines', schema: PublishLine },
  problems: ['MALFORMED', 'TOO_LARGE', 'MEMBER_NOT_ENTITLED', 'CONFLICT', 'UNREACHABLE', 'TIMEOUT'],
});

export const getSubmission = define({
  method: 'GET',
  path: '/v1/submissions/{submission}',
  tag: 'Publishing',
  summary: 'How far a submission is',
  scope: 'publish',
  rate: 'normal',
  params: Type.Object({ submission: SubmissionIdText }, closed),
  response: { kind: 'json', schema: SubmissionState },
  problems: ['NOT_FOUND', 'UNREACHABLE', 'TIMEOUT'],
});

export const RecordStatusView = Type.Object(
  {
    record: RecordIdText,
    item: Type.String(),
    edition: Type.String(),
    class: Type.String({ description: 'public, shared or authorised' }),
    log: LogIdText,
    state: RecordState,
    why: Type.String({ description: 'Why it is not final yet, and what it waits for; in plain words' }),
    versions: Type.Array(
      Type.Object(
        {
          version: Type.Integer({ minimum: 1 }),
          kind: Type.String({ description: 'Kind of its log entry: publish or supersede' }),
          position: Type.Integer({ minimum: 0 }),
          time: Time,
          state: RecordState,
          status: Type.String({ description: 'live, superseded, annulled …' }),
        },
        closed,
      ),
    ),
    checkpoint: Type.Optional(
      Type.Object({ size: Type.Integer(), root: Type.String({ description: 'base64' }) }, closed),
    ),
    anchor: Type.Optional(
      Type.Object(
        {
          size: Type.Integer(),
          block: Type.Integer(),
          transaction: Type.String(),
          confirmations: Type.Integer(),
          final: Type.Boolean({ description: 'Whether that block is final' }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type RecordStatusView = Static<typeof RecordStatusView>;

export const getRecord = define({
  method: 'GET',
  path: '/v1/records/{record}',
  tag: 'Records',
  summary: 'Where a record stands, and why it is not final yet',
  scope: 'records:read',
  rate: 'normal',
  params: Type.Object({ record: RecordIdText }, closed),
  query: Type.Object({ version: Version }, closed),
  response: { kind: 'json', schema: RecordStatusView },
  problems: ['NOT_FOUND', 'UNREACHABLE', 'TIMEOUT'],
});

/** docs/protocol.md, section 4; passed on as the node gave it. */
export const BundleDocument = Type.Object(
  { type: Type.Literal('xinlian/bundle/v1') },
  { additionalProperties: true, description: 'A proof bundle (docs/protocol.md, section 4)' },
);

export const getReceipt = define({
  method: 'GET',
  path: '/v1/records/{record}/receipt',
  tag: 'Records',
  summary: 'The proof that a record is in the log, with nothing of its content',
  scope: 'records:read',
  rate: 'normal',
  params: Type.Object({ record: RecordIdText }, closed),
  query: Type.Object({ version: Version }, closed),
  response: { kind: 'json', schema: BundleDocument, mediaType: BUNDLE_MEDIA_TYPE },
  problems: ['NOT_FOUND', 'UNREACHABLE', 'TIMEOUT'],
});

const ProofQuery = Type.Object(
  {
    version: Version,
    claims: Type.Optional(
      Type.String({
        maxLength: 8192,
        description: 'Names of the claims to disclose, divided by commas; absent: all',
      }),
    ),
  },
  closed,
);

export const getBundle = define({
  method: 'GET',
  path: '/v1/records/{record}/bundle',
  tag: 'Records',
  summary: 'A record with its proof, for anyone to verify offline',
  scope: 'records:read',
  rate: 'normal',
  params: Type.Object({ record: RecordIdText }, closed),
  query: ProofQuery,
  response: { kind: 'json', schema: BundleDocument, mediaType: BUNDLE_MEDIA_TYPE },
  problems: ['NOT_FOUND', 'MALFORMED', 'UNREACHABLE', 'TIMEOUT'],
});

export const getTlogProof = define({
  method: 'GET',
  path: '/v1/records/{record}/tlog-proof',
  tag: 'Records',
  summary: 'A record with its proof in the text form of C2SP tlog-proof',
  description: 'Under a cosigned checkpoint; the extra line has what is disclosed (docs/protocol.md, section 4).',
  scope: 'records:read',
  rate: 'normal',
  params: Type.Object({ record: RecordIdText }, closed),
  query: ProofQuery,
  response: { kind: 'text', mediaType: TLOG_PROOF_MEDIA_TYPE },
  problems: ['NOT_FOUND', 'CONFLICT', 'MALFORMED', 'UNREACHABLE', 'TIMEOUT'],
});

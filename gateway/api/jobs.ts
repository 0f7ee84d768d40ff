import { Type, type Static } from 'typebox';
import { JobIdText, JobState, JOB_KEPT_SECONDS, MAX_JOB_ROWS } from '../../node/core/job.ts';
import { define } from './endpoint.ts';
import { DEFAULT_PAGE, MAX_LINE_BYTES, MAX_MANIFEST_BYTES, MAX_PAGE } from './limits.ts';
import { closed, Time } from './schemas.ts';

const { created: _created, ended: _ended, keptUntil: _kept, ...counted } = JobState.properties;

export const JobView = Type.Object(
  {
    ...counted,
    created: Time,
    ended: Type.Optional(Time),
    keptUntil: Type.Optional({ ...Time, description: 'When job and result file are forgotten' }),
  },
  closed,
);
export type JobView = Static<typeof JobView>;

const params = Type.Object({ job: JobIdText }, closed);
const answer = { kind: 'json', schema: JobView } as const;
const problems = ['NOT_FOUND', 'UNREACHABLE', 'TIMEOUT'] as const;

export const createJob = define({
  method: 'POST',
  path: '/v1/jobs',
  tag: 'Jobs',
  summary: 'Open a batch job at your own node',
  description:
    `Up to ${MAX_JOB_ROWS.toLocaleString('en')} checks of grants, or queries, with a result file. You sign the job (JWS of typ ` +
    'xinlian-job+jwt, docs/protocol.md, section 8), with a key that the result file is sealed to; your own node does the ' +
    `work, goes on after a restart of it or of any gateway, and keeps the result ${JOB_KEPT_SECONDS / 86_400} days.`,
  scope: 'grants:check',
  rate: 'normal',
  idempotency: {
    kind: 'natural',
    natural: 'the id in the job is the key: the same job changes nothing, another is refused',
  },
  request: {
    kind: 'json',
    schema: Type.Object({ job: Type.String({ description: 'Compact JWS' }) }, closed),
    maxBytes: MAX_MANIFEST_BYTES,
  },
  response: answer,
  problems: ['MALFORMED', 'SIGNATURE_INVALID', 'MEMBER_NOT_ENTITLED', 'CONFLICT', 'UNREACHABLE', 'TIMEOUT'],
});

export const sendJobRows = define({
  method: 'POST',
  path: '/v1/jobs/{job}/rows',
  tag: 'Jobs',
  summary: 'The rows of a job, as a stream',
  description:
    'Of a job of queries NDJSON, each line as the body of POST /v1/queries: what providers answer stays sealed to the keys of ' +
    'the queries, and one that has run out by its turn is told so. Of a job of checks NDJSON, each line as one of POST /v1/grants/check, or `{"sealed": "…"}`: a compact JWE of such lines, sealed to your ' +
    'own node, where this gateway is another’s. Or CSV, as the job says: headings grant, items (divided by spaces), ' +
    'purpose, region in any order, a record a line. A row that cannot be read is told in the result file, and costs no ' +
    'other. Answered when all are durable; they are judged meanwhile and after.',
  scope: 'grants:check',
  rate: 'normal',
  idempotency: {
    kind: 'natural',
    natural: 'the same rows go on where they stopped, and change nothing where they are all there; others are refused',
  },
  params,
  request: { kind: 'lines', maxLineBytes: MAX_LINE_BYTES, alsoTypes: ['text/csv'] },
  response: answer,
  problems: [...problems, 'CONFLICT', 'TOO_LARGE', 'MALFORMED'],
});

export const listJobs = define({
  method: 'GET',
  path: '/v1/jobs',
  tag: 'Jobs',
  summary: 'Your jobs that are kept',
  description: 'By id. At your own gateway: another refuses (FORBIDDEN), and carries the same call sealed.',
  scope: 'grants:check',
  rate: 'normal',
  query: Type.Object(
    {
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE })),
      cursor: Type.Optional({ ...JobIdText, description: '`next` of the page before' }),
    },
    closed,
  ),
  response: {
    kind: 'json',
    schema: Type.Object({ items: Type.Array(JobView), next: Type.Optional(JobIdText) }, closed),
  },
  problems: ['UNREACHABLE', 'TIMEOUT'],
});

export const getJob = define({
  method: 'GET',
  path: '/v1/jobs/{job}',
  tag: 'Jobs',
  summary: 'How far a job is',
  scope: 'grants:check',
  rate: 'normal',
  params,
  response: answer,
  problems,
});

export const getJobResult = define({
  method: 'GET',
  path: '/v1/jobs/{job}/result',
  tag: 'Jobs',
  summary: 'The result file of a job that ended',
  description:
    'Each line is a compact JWE, sealed to the `reply` key of the job: opened and put together they are the result, in the ' +
    'format of the job. Any part of it is given by Range; ETag and Repr-Digest (RFC 9530) are of the whole.',
  scope: 'grants:check',
  rate: 'normal',
  params,
  headers: Type.Object({
    range: Type.Optional(
      Type.String({ maxLength: 64, description: 'One range of bytes (RFC 9110, section 14): bytes=0-65535' }),
    ),
    'if-range': Type.Optional(Type.String({ maxLength: 128, description: 'ETag of the file whose part is wanted' })),
  }),
  response: { kind: 'file', mediaTypes: ['application/octet-stream'] },
  problems: [...problems, 'CONFLICT', 'RANGE_NOT_SATISFIABLE'],
});

export const cancelJob = define({
  method: 'POST',
  path: '/v1/jobs/{job}/cancellation',
  tag: 'Jobs',
  summary: 'End a job',
  description: 'What was judged by then stays in its result file; the rows that were not are forgotten.',
  scope: 'grants:check',
  rate: 'normal',
  idempotency: { kind: 'natural', natural: 'a job that has ended stays as it is' },
  params,
  response: answer,
  problems,
});

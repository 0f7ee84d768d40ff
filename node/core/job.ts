// Batch jobs of a member at its own node: rows in, a result file out, sealed to a key of the asker's.
// docs/protocol.md, section 8.
import { Type, type Static } from 'typebox';
import { P256Jwk, type JwsAlgorithm } from './jwk.ts';
import { parseJws, signJws, type Jws, type JwsSigner } from './jws.ts';
import { malformed } from './errors.ts';
import { codec } from './messages/codec.ts';

const JOB_TYPE = 'xinlian-job+jwt';

/** Longest time between signing a job and opening it, in seconds. */
export const JOB_SECONDS = 900;

/** Rows of one job. */
export const MAX_JOB_ROWS = 100_000;

/** How long a job and its result are kept after it ended, in seconds: 7 days. */
export const JOB_KEPT_SECONDS = 7 * 86_400;

const closed = { additionalProperties: false };
const memberId = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const seconds = Type.Integer({ minimum: 0, description: 'Seconds since 1970' });

export const JobIdText = Type.String({
  pattern: '^[A-Za-z0-9_-]{21}[AQgw]$',
  description: 'Job: 16 random bytes, base64url. Who knows it may ask for it: keep it to yourself',
});
export const JobFormat = Type.Enum(['ndjson', 'csv'], { description: 'Of the rows, and of the result file' });

export const JobKind = Type.Enum(['checks', 'queries'], {
  description: 'checks: whether grants stand. queries: rows are queries as POST /v1/queries takes them, in NDJSON',
});

/** What the asker signs. */
export const JobManifest = Type.Object(
  {
    iss: { ...memberId, description: 'Who asks' },
    aud: { ...memberId, description: 'The same: the node is its own' },
    jti: JobIdText,
    iat: seconds,
    exp: { ...seconds, description: `Until when it may be opened: at most ${JOB_SECONDS} s behind iat` },
    kind: JobKind,
    format: JobFormat,
    reply: { ...P256Jwk, description: 'Key that the result file is sealed to' },
  },
  closed,
);
export type JobManifest = Static<typeof JobManifest>;

const manifestCodec = codec('job', JobManifest);

/** @param more algorithm of the key where it is not Ed25519, and the certificate of the application that signs */
export function signJob(
  manifest: JobManifest,
  signer: JwsSigner,
  more: { alg?: JwsAlgorithm; app?: string } = {},
): Promise<string> {
  return signJws(JOB_TYPE, manifestCodec.check(manifest), signer, more);
}

/** Reads a manifest; proves nothing. Throws `MALFORMED`. */
export function parseJob(text: string): { manifest: JobManifest; jws: Jws } {
  const jws = parseJws(text, JOB_TYPE);
  const manifest = manifestCodec.decode(jws.payload);
  if (manifest.kind === 'queries' && manifest.format !== 'ndjson')
    malformed('format of a job of queries', 'ndjson', manifest.format);
  return { manifest, jws };
}

export const JOB_STATES = ['receiving', 'running', 'done', 'cancelled'] as const;

const count = Type.Integer({ minimum: 0 });

export const JobState = Type.Object(
  {
    job: JobIdText,
    kind: JobKind,
    format: JobFormat,
    state: Type.Enum([...JOB_STATES], {
      description:
        'receiving: rows are still taken, and judged meanwhile; running: all are here; done: the result file is whole',
    }),
    chunks: { ...count, description: 'Chunks of rows that are durable' },
    received: { ...count, description: 'Rows that are durable' },
    rows: { ...count, description: 'Rows that are judged' },
    ok: { ...count, description: 'Of them: the grant stands; or every provider answered, be it with a refusal' },
    refused: {
      ...count,
      description: 'Of them: it does not; or your node refused the query, or a provider was not reached',
    },
    bad: { ...count, description: 'Of them: no row could be read; none of the others is the worse for it' },
    resultBytes: { ...count, description: 'Of the result file so far' },
    sha256: Type.Optional(Type.String({ description: 'Of the whole result file, base64; there where it is done' })),
    created: seconds,
    ended: Type.Optional(seconds),
    keptUntil: Type.Optional({ ...seconds, description: 'When job and result file are forgotten' }),
  },
  closed,
);
export type JobState = Static<typeof JobState>;

const JobPlace = { member: memberId, job: JobIdText };
export const JobRef = Type.Object(JobPlace, closed);

/** Parcel header of rows. */
export const JobRows = Type.Object(
  { ...JobPlace, index: count, last: Type.Boolean({ description: 'No rows come behind these' }) },
  closed,
);
export type JobRows = Static<typeof JobRows>;

export const JobRead = Type.Object(
  { ...JobPlace, offset: count, length: Type.Integer({ minimum: 0, maximum: 1 << 20 }) },
  closed,
);

/** Asks for the jobs of the own member. */
export const JobsRequest = Type.Object(
  { after: Type.Optional(JobIdText), limit: Type.Integer({ minimum: 1, maximum: 200 }) },
  closed,
);
export type JobsRequest = Static<typeof JobsRequest>;

export const JobsPage = Type.Object({ jobs: Type.Array(JobState), next: Type.Optional(JobIdText) }, closed);
export type JobsPage = Static<typeof JobsPage>;

export const jobsRequest = codec('jobs request', JobsRequest);
export const jobsPage = codec('jobs', JobsPage);
export const jobState = codec('job state', JobState);
export const jobRef = codec('job reference', JobRef);
export const jobRows = codec('rows of a job', JobRows);
export const jobRead = codec('read of a result', JobRead);

// What a grantee asks of one provider, and what that answers. docs/protocol.md, section 8.
import { Type, type Static } from 'typebox';
import { AnchoredPart, RecordPart } from './answer-parts.ts';
import { AttachmentOffer, WantedAttachment } from './attachment.ts';
import { EventPart } from './event-part.ts';
import { GrantDocument } from './grant.ts';
import { ENCRYPTIONS } from './jwe.ts';
import { P256Jwk } from './jwk.ts';
import { signJws, parseJws, type Jws, type JwsSigner } from './jws.ts';
import type { JwsAlgorithm } from './jwk.ts';
import { malformed } from './errors.ts';
import { codec } from './messages/codec.ts';
import { Receipt } from './receipt.ts';
import { ShareDocument } from './share.ts';
import { WhiteList } from './white-list.ts';

const QUERY_TYPE = 'xinlian-query+jwt';
const ANSWER_TYPE = 'xinlian-answer+jwt';

/** Longest life of a query, in seconds. */
export const QUERY_SECONDS = 900;

const closed = { additionalProperties: false };
const memberId = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const bytes32 = Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$', description: '32 bytes, base64url' });
const seconds = Type.Integer({ minimum: 0, description: 'Seconds since 1970' });

/** A query id: random, the same for all providers of a query. On the chain it is a bytes32. */
export const QueryIdText = bytes32;

/** A query is under a grant, or, between agencies, under a share basis and about a subject. */
const ground = {
  grant: Type.Optional(GrantDocument),
  basis: Type.Optional(ShareDocument),
  subject: Type.Optional(Type.String({ pattern: '^[0-9A-HJ-NPQRTUWXY]{18}$', description: 'USCC; under a basis' })),
  proofOnly: Type.Optional(
    Type.Boolean({ description: 'Under a basis: commitments and proofs alone; the records come another way' }),
  ),
};

export const Query = Type.Object(
  {
    iss: { ...memberId, description: 'The grantee' },
    aud: { ...memberId, description: 'The provider' },
    jti: { ...bytes32, description: 'Query id: 32 random bytes, the same for all providers asked' },
    iat: seconds,
    exp: { ...seconds, description: `At most ${QUERY_SECONDS} s behind iat` },
    ...ground,
    items: Type.Array(Type.String(), { minItems: 1, maxItems: 32, description: 'Of those that the grant names' }),
    purpose: Type.String({ description: 'That of the grant; under a basis, the code of its matter' }),
    page: Type.Optional(Type.Integer({ minimum: 0, description: 'Of an answer with `more`; counts from 0' })),
    attachment: Type.Optional({ ...WantedAttachment, description: 'Asks for this, beside the record that names it' }),
    reply: { ...P256Jwk, description: 'Key that the answer is sealed to' },
    enc: Type.Optional(Type.Enum([...ENCRYPTIONS], { description: 'Of the answer; default A256GCM' })),
  },
  closed,
);
export type Query = Static<typeof Query>;

/** Why a provider refuses, or a check says no. The catalogue of `/v1/errors` has the words. */
export const REFUSALS = [
  'GRANT_MALFORMED',
  'GRANT_UNKNOWN',
  'GRANT_PENDING',
  'GRANT_WITHDRAWN',
  'GRANT_SUSPENDED',
  'GRANT_NOT_YET_VALID',
  'GRANT_EXPIRED',
  'GRANT_EXHAUSTED',
  'GRANT_NOT_CONSUMED',
  'GRANTEE_MISMATCH',
  'GRANTEE_NOT_ENTITLED',
  'CONSENT_INVALID',
  'CERTIFICATE_INVALID',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_REVOKED',
  'LEVEL_TOO_LOW',
  'TERM_TOO_LONG',
  'ITEM_NOT_GRANTED',
  'ITEM_NOT_HELD',
  'PURPOSE_MISMATCH',
  'REGION_MISMATCH',
  'CHAIN_STALE',
  'PROVIDER_NOT_ENTITLED',
  // Of a white list
  'GRANT_MISSING',
  'SUBJECT_MISMATCH',
  'NOT_LISTED',
  // Under a share basis
  'BASIS_MALFORMED',
  'BASIS_UNKNOWN',
  'BASIS_NOT_APPROVED',
  'BASIS_REFUSED',
  'BASIS_ENDED',
  'BASIS_NOT_YET_VALID',
  'BASIS_EXPIRED',
  'REQUESTER_MISMATCH',
  'REQUESTER_NOT_ENTITLED',
  'ITEM_NOT_IN_BASIS',
  'ITEM_NOT_SHARED',
  'SUBJECT_NOT_IN_BASIS',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** What may be otherwise in a moment: it is told, leaves its receipt, and is judged anew when it is asked again. */
export const PASSING_REFUSALS: ReadonlySet<Refusal> = new Set([
  'GRANT_PENDING',
  'GRANT_UNKNOWN',
  'GRANT_NOT_CONSUMED',
  'CHAIN_STALE',
  'PROVIDER_NOT_ENTITLED',
  'BASIS_UNKNOWN',
  'BASIS_NOT_APPROVED',
]);

export const AnswerBody = Type.Object(
  {
    type: Type.Literal('xinlian/answer/v1'),
    provider: memberId,
    grantee: memberId,
    query: bytes32,
    request: { ...bytes32, description: 'SHA-256 of the query as it was signed' },
    grant: Type.Optional(Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'Absent under a share basis' })),
    basis: Type.Optional({ ...bytes32, description: 'Digest of the share basis' }),
    outcome: Type.Enum(['answered', 'refused']),
    reason: Type.Optional(Type.Enum([...REFUSALS])),
    detail: Type.Optional(Type.String({ description: 'For people' })),
    time: { ...seconds, description: 'Clock of the provider' },
    head: Type.Object({ number: Type.Integer({ minimum: 0 }), time: seconds }, closed),
    log: Type.Optional(AnchoredPart),
    records: Type.Array(RecordPart),
    none: Type.Array(Type.String(), { description: 'Items asked for of which there is no record' }),
    more: Type.Optional(Type.Boolean({ description: 'Ask again, with the next page' })),
    attachment: Type.Optional(AttachmentOffer),
    event: Type.Optional({
      ...EventPart,
      description: 'Where it answers no query: an event of a subscription, or a list',
    }),
    list: Type.Optional({ ...WhiteList, description: 'Where nobody asked: the white list that it is an event of' }),
  },
  closed,
);
export type AnswerBody = Static<typeof AnswerBody>;

export const Answer = Type.Object(
  {
    body: Type.String({ description: 'RFC 8785 form of the body' }),
    receipt: Type.Object(
      {
        log: Type.String(),
        key: Type.String({ description: 'Checkpoint key that signs the answer, Ed25519, base64url' }),
        opening: Receipt,
      },
      { ...closed, description: 'Opening of the line that this access left in the provider’s log' },
    ),
  },
  closed,
);
export type Answer = Static<typeof Answer>;

export const queryCodec = codec('query', Query);
const answerCodec = codec('answer', Answer);
export const answerBody = codec('answer body', AnswerBody);

/** @param more algorithm of the key where it is not Ed25519, and the certificate of the application that signs */
export function signQuery(
  query: Query,
  signer: JwsSigner,
  more: { alg?: JwsAlgorithm; app?: string } = {},
): Promise<string> {
  return signJws(QUERY_TYPE, queryCodec.check(query), signer, more);
}

/** Reads a query; proves nothing. Throws `MALFORMED`. */
export function parseQuery(text: string): { query: Query; jws: Jws } {
  const jws = parseJws(text, QUERY_TYPE);
  const query = queryCodec.decode(jws.payload);
  checkGround('query', query);
  return { query, jws };
}

/** @param signer the provider's checkpoint key */
export function signAnswer(answer: Answer, signer: JwsSigner): Promise<string> {
  return signJws(ANSWER_TYPE, answerCodec.check(answer), signer);
}

/** Reads an answer; proves nothing. Throws `MALFORMED`. */
export function parseAnswer(text: string): { answer: Answer; jws: Jws } {
  const jws = parseJws(text, ANSWER_TYPE);
  return { answer: answerCodec.decode(jws.payload), jws };
}

type Ground = Pick<Query, 'grant' | 'basis' | 'subject' | 'proofOnly'>;

function checkGround(what: string, { grant, basis, subject, proofOnly }: Ground): void {
  if ((grant === undefined) === (basis === undefined))
    malformed(`${what} ground`, 'a grant or a share basis', grant ? 'both' : 'neither');
  if ((basis === undefined) !== (subject === undefined))
    malformed(`${what} subject`, 'one under a basis, none under a grant', subject ?? 'none');
  if (proofOnly === true && !basis) malformed(`${what} mode`, 'proofs alone under a basis only', 'a grant');
}

const JOURNAL_TYPE = 'xinlian-journal+jwt';

/** What the grantee's own node is told before anyone is asked: it logs the query, and consumes a counted grant. */
export const Journal = Type.Object(
  {
    iss: memberId,
    aud: { ...memberId, description: 'The same: the node is its own' },
    jti: { ...bytes32, description: 'Query id' },
    iat: seconds,
    exp: seconds,
    ...ground,
    items: Type.Array(Type.String(), { minItems: 1, maxItems: 32 }),
    requests: Type.Array(Type.Object({ provider: memberId, request: bytes32 }, closed), { minItems: 1, maxItems: 64 }),
  },
  closed,
);
export type Journal = Static<typeof Journal>;

const journalCodec = codec('journal', Journal);

export function signJournal(
  journal: Journal,
  signer: JwsSigner,
  more: { alg?: JwsAlgorithm; app?: string } = {},
): Promise<string> {
  return signJws(JOURNAL_TYPE, journalCodec.check(journal), signer, more);
}

/** Reads a journal; proves nothing. Throws `MALFORMED`. */
export function parseJournal(text: string): { journal: Journal; jws: Jws } {
  const jws = parseJws(text, JOURNAL_TYPE);
  const journal = journalCodec.decode(jws.payload);
  checkGround('journal', journal);
  return { journal, jws };
}

/** What the node says: the query is logged; a counted grant is consumed by it, final, or is not and why. */
export const Journalled = Type.Object(
  {
    query: bytes32,
    consumed: Type.Boolean({
      description: 'Whether a counted grant was consumed by this query; false: it is uncounted',
    }),
  },
  closed,
);
export type Journalled = Static<typeof Journalled>;
export const journalled = codec('journal answer', Journalled);

const Jwe = Type.String({ maxLength: 4 << 20, description: 'Compact JWE' });

/** A query as it is sent: what carries it can read nothing of it. A row of a batch job is one. */
export const QueryRow = Type.Object(
  {
    query: QueryIdText,
    journal: { ...Jwe, description: 'Signed journal, sealed to your own node' },
    parts: Type.Array(Type.Object({ provider: memberId, query: Jwe }, closed), { minItems: 1, maxItems: 32 }),
    deadlineMs: Type.Optional(
      Type.Integer({ minimum: 100, maximum: 120_000, default: 30_000, description: 'For each provider' }),
    ),
  },
  closed,
);
export type QueryRow = Static<typeof QueryRow>;
export const queryRow = codec('query', QueryRow);

/** What became of one provider's part of a row. */
export const QueryRowPart = Type.Object(
  {
    provider: memberId,
    outcome: Type.Enum(['answer', 'unreachable', 'error']),
    answer: Type.Optional(Jwe),
    reason: Type.Optional(Type.String()),
    detail: Type.Optional(Type.String()),
  },
  closed,
);
export type QueryRowPart = Static<typeof QueryRowPart>;

/** A line of the result file of a job of queries. */
export const QueryResult = Type.Object(
  {
    row: Type.Integer({ minimum: 1 }),
    outcome: Type.Enum(['ok', 'refused', 'bad']),
    query: Type.Optional(QueryIdText),
    consumed: Type.Optional(Type.Boolean()),
    parts: Type.Optional(Type.Array(QueryRowPart)),
    reason: Type.Optional(Type.String({ description: 'Why the own node refused it' })),
    detail: Type.Optional(Type.String()),
  },
  closed,
);
export type QueryResult = Static<typeof QueryResult>;
export const queryResult = codec('result of a query', QueryResult);

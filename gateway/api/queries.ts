import { Type, type Static } from 'typebox';
import { RequestState } from '../../node/core/grant-request.ts';
import { QueryIdText, QueryRow } from '../../node/core/query.ts';
import { define } from './endpoint.ts';
import { MAX_MANIFEST_BYTES, MAX_QUERY_BYTES, MAX_SUBJECT_CALL_BYTES } from './limits.ts';
import { closed, MemberIdText, Problem } from './schemas.ts';

const Jwe = Type.String({ maxLength: 4 << 20, description: 'Compact JWE' });

export const QueryPart = Type.Object(
  {
    provider: MemberIdText,
    outcome: Type.Enum(['answer', 'unreachable', 'error'], {
      description:
        'answer: the provider answered or refused, which only you can read. unreachable: not reached in time, or cut off: ' +
        'send the same query again. error: the provider took the query for none',
    }),
    answer: Type.Optional({ ...Jwe, description: 'Sealed to the reply key of the query' }),
    problem: Type.Optional(Problem),
  },
  closed,
);
export type QueryPart = Static<typeof QueryPart>;

export const runQuery = define({
  method: 'POST',
  path: '/v1/queries',
  tag: 'Queries',
  summary: 'Ask providers for records under a grant',
  description:
    'You sign a query for each provider and seal it to that provider (docs/protocol.md, section 8); this gateway carries ' +
    'them and can read nothing. First your own node logs the query and, for a counted grant, consumes it on the chain and ' +
    'waits until that is final; then all providers are asked at the same time. Sending the same query again is safe: a ' +
    'provider gives the same answer, and nothing is consumed twice.',
  scope: 'queries',
  rate: 'normal',
  idempotency: {
    kind: 'natural',
    natural: 'the query id is the key: nothing is consumed twice, and who answered gives the same answer',
  },
  request: {
    kind: 'json',
    schema: QueryRow,
    maxBytes: MAX_QUERY_BYTES,
  },
  response: {
    kind: 'json',
    schema: Type.Object(
      {
        query: QueryIdText,
        consumed: Type.Boolean({ description: 'Whether a counted grant was consumed' }),
        parts: Type.Array(QueryPart, { description: 'In the order in which they were asked for' }),
      },
      closed,
    ),
  },
  problems: [
    'GRANT_REFUSED',
    'MALFORMED',
    'SIGNATURE_INVALID',
    'TRANSACTION_REVERTED',
    'UNREACHABLE',
    'TIMEOUT',
    'OVERLOADED',
  ],
});

export const callAsSubject = define({
  method: 'POST',
  path: '/v1/members/{member}/subject-calls',
  tag: 'Enterprises',
  summary: 'A call of an enterprise to a member’s node',
  description:
    'Who looked at me, what am I asked to allow, and my decision (docs/protocol.md, section 9): signed by the key that a ' +
    'certificate names, sealed to the node, the answer sealed to the enterprise. Needs no token.',
  rate: 'normal',
  idempotency: {
    kind: 'natural',
    natural: 'a question is answered anew, and a decision that was taken changes nothing',
  },
  params: Type.Object({ member: MemberIdText }, closed),
  request: {
    kind: 'json',
    schema: Type.Object({ call: Jwe }, closed),
    maxBytes: MAX_SUBJECT_CALL_BYTES,
  },
  response: { kind: 'json', schema: Type.Object({ answer: Jwe }, closed) },
  problems: ['MALFORMED', 'SIGNATURE_INVALID', 'UNAUTHENTICATED', 'NOT_FOUND', 'UNREACHABLE', 'TIMEOUT'],
});

export const reconcileDay = define({
  method: 'POST',
  path: '/v1/members/{member}/reconciliations',
  tag: 'Queries',
  summary: 'What a member’s log says of a day',
  description:
    'Daily reconciliation 对账 (docs/protocol.md, section 8): signed by you and sealed to the member; the answer is sealed to ' +
    'you. Your own node tells what you asked, a provider what it logged of that: position, digests, outcome, reason. In ' +
    'pages of up to 500 lines.',
  scope: 'sessions',
  rate: 'normal',
  idempotency: { kind: 'natural', natural: 'it only reads' },
  params: Type.Object({ member: MemberIdText }, closed),
  request: {
    kind: 'json',
    schema: Type.Object({ question: Jwe }, closed),
    maxBytes: MAX_MANIFEST_BYTES,
  },
  response: { kind: 'json', schema: Type.Object({ page: Jwe }, closed) },
  problems: ['MALFORMED', 'SIGNATURE_INVALID', 'UNAUTHENTICATED', 'UNREACHABLE', 'TIMEOUT'],
});

const RequestAnswer = { kind: 'json', schema: RequestState } as const;

export const requestGrant = define({
  method: 'POST',
  path: '/v1/members/{member}/grant-requests',
  tag: 'Grants',
  summary: 'Ask an enterprise for an authorisation',
  description:
    'Signed and sealed to the member that identifies the enterprise; the same request again changes nothing.',
  scope: 'queries',
  rate: 'normal',
  idempotency: {
    kind: 'natural',
    natural: 'the id in the request is the key: the same request changes nothing, another under its id is refused',
  },
  params: Type.Object({ member: MemberIdText }, closed),
  request: {
    kind: 'json',
    schema: Type.Object({ request: Jwe }, closed),
    maxBytes: MAX_SUBJECT_CALL_BYTES,
  },
  response: RequestAnswer,
  problems: ['MALFORMED', 'SIGNATURE_INVALID', 'MEMBER_NOT_ENTITLED', 'UNREACHABLE', 'TIMEOUT'],
});

export const getGrantRequest = define({
  method: 'POST',
  path: '/v1/members/{member}/grant-requests/state',
  tag: 'Grants',
  summary: 'What became of a request for authorisation',
  description: 'A granted one has the grant document, sealed to the reply key of the request.',
  scope: 'queries',
  rate: 'normal',
  idempotency: { kind: 'natural', natural: 'it only reads' },
  params: Type.Object({ member: MemberIdText }, closed),
  request: {
    kind: 'json',
    schema: Type.Object({ question: Jwe }, closed),
    maxBytes: MAX_SUBJECT_CALL_BYTES,
  },
  response: RequestAnswer,
  problems: ['MALFORMED', 'SIGNATURE_INVALID', 'NOT_FOUND', 'UNREACHABLE', 'TIMEOUT'],
});

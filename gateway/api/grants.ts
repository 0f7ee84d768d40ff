import { Type, type Static } from 'typebox';
import { CheckResult, GrantCheck, GrantHashText } from '../../node/core/messages/check.ts';
import {
  GrantConsumed,
  GrantConsumption,
  GrantOutcome,
  GrantRegistration,
  GrantTermsText,
  GrantWithdrawal,
} from '../../node/core/messages/grant.ts';
import { define } from './endpoint.ts';
import { MAX_CHECK_BYTES, MAX_GRANTS_BYTES } from './limits.ts';
import { closed, MemberIdText, Time } from './schemas.ts';

export const Judged = Type.Object(
  { block: Type.Integer({ description: 'Newest block that was known' }), time: Time },
  { ...closed, description: 'What it was judged at' },
);

export const GrantView = Type.Object(
  {
    grant: GrantHashText,
    registered: Type.Optional(Type.Integer({ description: 'Block of the registration' })),
    final: Type.Boolean({ description: 'Whether that block is final' }),
    terms: Type.Optional(GrantTermsText),
    usesLeft: Type.Optional(Type.Integer({ description: 'Absent where it is uncounted' })),
    withdrawn: Type.Boolean(),
    suspended: Type.Boolean(),
    judged: Judged,
  },
  closed,
);
export type GrantView = Static<typeof GrantView>;

export const registerGrants = define({
  method: 'POST',
  path: '/v1/grants',
  tag: 'Grants',
  summary: 'Register grants on the chain',
  description:
    'Open to everyone: what counts is the signature of the grant key (EIP-712 GrantRegistration), so an enterprise needs ' +
    'no account. One bad item fails alone. The same registration again fails with GrantRegistryAlreadyRegistered and ' +
    'changes nothing.',
  rate: 'normal',
  idempotency: {
    kind: 'kept',
    natural: 'a grant that is registered already fails with GrantRegistryAlreadyRegistered, and changes nothing',
  },
  request: {
    kind: 'json',
    schema: Type.Object({ grants: Type.Array(GrantRegistration, { minItems: 1, maxItems: 64 }) }, closed),
    maxBytes: MAX_GRANTS_BYTES,
  },
  response: { kind: 'json', schema: Type.Object({ outcomes: Type.Array(GrantOutcome) }, closed) },
  problems: ['MALFORMED', 'UNREACHABLE', 'TIMEOUT'],
});

export const getGrant = define({
  method: 'GET',
  path: '/v1/grants/{grant}',
  tag: 'Grants',
  summary: 'A grant as the chain has it',
  rate: 'normal',
  params: Type.Object({ grant: GrantHashText }, closed),
  response: { kind: 'json', schema: GrantView },
  problems: ['NOT_FOUND'],
});

export const withdrawGrant = define({
  method: 'POST',
  path: '/v1/grants/{grant}/withdrawal',
  tag: 'Grants',
  summary: 'Withdraw a grant',
  description:
    'Open to everyone: what counts is the signature of the grant key (EIP-712 GrantWithdrawal). It binds this gateway and ' +
    'every node that is reached at once, and all others when a block has it. It also bars a grant that is not registered yet.',
  rate: 'normal',
  idempotency: { kind: 'natural', natural: 'a withdrawal that is known changes nothing, and is answered alike' },
  params: Type.Object({ grant: GrantHashText }, closed),
  request: { kind: 'json', schema: GrantWithdrawal, maxBytes: 4096 },
  response: {
    kind: 'json',
    schema: Type.Object(
      {
        grant: GrantHashText,
        told: Type.Array(MemberIdText, { description: 'Members whose nodes know it already' }),
        unreached: Type.Array(MemberIdText, { description: 'Members that learn it from the chain' }),
      },
      closed,
    ),
  },
  problems: ['MALFORMED', 'SIGNATURE_INVALID', 'UNREACHABLE', 'TIMEOUT'],
});

export const consumeGrant = define({
  method: 'POST',
  path: '/v1/grants/{grant}/consumptions',
  tag: 'Grants',
  summary: 'Have a signed consumption carried to the chain',
  description:
    'What counts is the signature of the grantee’s transaction key (EIP-712 GrantConsumption): this gateway’s node sends the ' +
    'transaction, so that you never build one. One query id consumes a grant once, whoever carries it. Do it before ' +
    'POST /v1/queries with the same query id, which then consumes nothing itself and waits until this is final.',
  scope: 'queries',
  rate: 'normal',
  idempotency: {
    kind: 'natural',
    natural: 'one query id consumes a grant once, and the answer tells whether it is final',
  },
  params: Type.Object({ grant: GrantHashText }, closed),
  request: { kind: 'json', schema: GrantConsumption, maxBytes: 4096 },
  response: { kind: 'json', schema: GrantConsumed },
  problems: [
    'GRANT_REFUSED',
    'MALFORMED',
    'SIGNATURE_INVALID',
    'MEMBER_UNKNOWN',
    'TRANSACTION_REVERTED',
    'UNREACHABLE',
    'TIMEOUT',
  ],
});

export const checkGrants = define({
  method: 'POST',
  path: '/v1/grants/check',
  tag: 'Grants',
  summary: 'Whether grants to you stand now',
  description:
    'Up to 1,000 at once, answered from the indexed view of the chain. Consent and certificate are the provider’s to ' +
    'verify when it is asked; what the chain and the artefact say is checked here.',
  scope: 'grants:check',
  rate: 'bulk',
  idempotency: { kind: 'kept', natural: 'grants are judged anew: the answer says at which block and when' },
  request: {
    kind: 'json',
    schema: Type.Object({ checks: Type.Array(GrantCheck, { minItems: 1, maxItems: 1000 }) }, closed),
    maxBytes: MAX_CHECK_BYTES,
  },
  response: {
    kind: 'json',
    schema: Type.Object({ judged: Judged, results: Type.Array(CheckResult) }, closed),
  },
  problems: ['CHAIN_UNREACHABLE'],
});

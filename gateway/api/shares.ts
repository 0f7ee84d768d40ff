import { Type } from 'typebox';
import { define } from './endpoint.ts';
import { MAX_SUBJECT_CALL_BYTES } from './limits.ts';
import { runQuery } from './queries.ts';
import { closed, MemberIdText } from './schemas.ts';

const Jwe = Type.String({ maxLength: 4 << 20, description: 'Compact JWE' });
const StateAnswer = {
  kind: 'json',
  schema: Type.Object({ answer: { ...Jwe, description: 'State of the basis, sealed to your sealing key' } }, closed),
} as const;

export const askShare = define({
  method: 'POST',
  path: '/v1/members/{member}/share-bases',
  tag: 'Sharing',
  summary: 'Ask another agency to share records',
  description:
    'A share basis (docs/protocol.md, section 10), signed by you and sealed to the agency that provides. Items that the ' +
    'catalogue shares unconditionally need no approval; where one is shared conditionally, an officer decides; the same ' +
    'basis again changes nothing.',
  scope: 'sharing',
  rate: 'normal',
  params: Type.Object({ member: MemberIdText }, closed),
  idempotency: { kind: 'natural', natural: 'the id of the basis is the key: the same again changes nothing' },
  request: { kind: 'json', schema: Type.Object({ basis: Jwe }, closed), maxBytes: MAX_SUBJECT_CALL_BYTES },
  response: StateAnswer,
  problems: [
    'MALFORMED',
    'SIGNATURE_INVALID',
    'MEMBER_NOT_ENTITLED',
    'CONFLICT',
    'OVERLOADED',
    'UNREACHABLE',
    'TIMEOUT',
  ],
});

export const questionShare = define({
  method: 'POST',
  path: '/v1/members/{member}/share-bases/questions',
  tag: 'Sharing',
  summary: 'What became of a share basis, or its end',
  description: 'Signed by you and sealed to the agency that provides.',
  scope: 'sharing',
  rate: 'normal',
  params: Type.Object({ member: MemberIdText }, closed),
  idempotency: { kind: 'natural', natural: 'a basis ends once; asking changes nothing' },
  request: { kind: 'json', schema: Type.Object({ question: Jwe }, closed), maxBytes: MAX_SUBJECT_CALL_BYTES },
  response: StateAnswer,
  problems: ['MALFORMED', 'SIGNATURE_INVALID', 'NOT_FOUND', 'CONFLICT', 'UNREACHABLE', 'TIMEOUT'],
});

export const runShareQuery = define({
  ...runQuery,
  path: '/v1/share-queries',
  tag: 'Sharing',
  summary: 'Ask agencies for records under a share basis',
  description:
    'As /v1/queries, with a share basis in place of a grant: your own node logs the query, each provider decides alone, and ' +
    'leaves a receipt that names the basis.',
  scope: 'sharing',
});

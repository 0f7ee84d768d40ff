import { Type } from 'typebox';
import { define } from './endpoint.ts';
import { MAX_MANIFEST_BYTES, MAX_SEALED_BYTES } from './limits.ts';
import { closed, MemberIdText, Time } from './schemas.ts';

const SessionIdText = Type.String({
  pattern: '^[A-Za-z0-9_-]{22}$',
  description: 'Session, as the node that opened it named it',
});

export const openSession = define({
  method: 'POST',
  path: '/v1/sessions',
  tag: 'Sessions',
  summary: 'Open a sealed session with a member’s node',
  description:
    'What follows is sealed between you and that node (docs/protocol.md, section 5): this gateway carries it and can ' +
    'read nothing. A session lives an hour at most.',
  scope: 'sessions',
  rate: 'normal',
  idempotency: { kind: 'natural', natural: 'the same manifest is the same session' },
  request: {
    kind: 'json',
    schema: Type.Object(
      { member: MemberIdText, manifest: Type.String({ description: 'Compact JWE of the signed manifest' }) },
      closed,
    ),
    maxBytes: MAX_MANIFEST_BYTES,
  },
  response: { kind: 'json', schema: Type.Object({ session: SessionIdText, expires: Time }, closed) },
  problems: ['MALFORMED', 'MEMBER_UNKNOWN', 'SIGNATURE_INVALID', 'UNREACHABLE', 'TIMEOUT'],
});

export const callSession = define({
  method: 'POST',
  path: '/v1/sessions/{session}/calls/{n}',
  tag: 'Sessions',
  summary: 'A sealed call',
  description: 'Bytes in and bytes out, sealed. `n` counts from 0, and is never used twice.',
  scope: 'sessions',
  rate: 'bulk',
  idempotency: {
    kind: 'kept',
    natural: 'the node refuses a number that was used, and the call goes again under the next one',
  },
  params: Type.Object(
    { session: SessionIdText, n: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }) },
    closed,
  ),
  query: Type.Object(
    {
      member: Type.Optional(
        Type.String({
          pattern: '^0x[0-9a-f]{64}$',
          description: 'Whose node it is with: then a gateway that was restarted finds it too',
        }),
      ),
    },
    closed,
  ),
  request: { kind: 'bytes', maxBytes: MAX_SEALED_BYTES },
  response: { kind: 'bytes', mediaTypes: ['application/octet-stream'] },
  problems: ['NOT_FOUND', 'MALFORMED', 'TOO_LARGE', 'MEMBER_UNKNOWN', 'UNREACHABLE', 'TIMEOUT'],
});

import { Type } from 'typebox';
import { define } from './endpoint.ts';
import { MAX_TOKEN_REQUEST_BYTES } from './limits.ts';
import { closed } from './schemas.ts';

export const CLIENT_ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export const issueToken = define({
  method: 'POST',
  path: '/v1/oauth/token',
  tag: 'Access',
  summary: 'A short-lived access token for a member’s application',
  description:
    'Client credentials (RFC 6749, section 4.4) with private_key_jwt (RFC 7523). The assertion is a JWT signed with the ' +
    'member’s registered `client` key (EdDSA), or by an application that this key certified (EdDSA, ES256, RS256; its ' +
    'certificate is the header parameter `app`): `iss` and `sub` the member id, `aud` this gateway, `iat`, `exp` at most ' +
    'five minutes ahead, `jti` used once. Errors are those of RFC 6749, section 5.2. Without `scope` the token has all ' +
    'that the member’s roles allow.',
  rate: 'token',
  idempotency: {
    kind: 'natural',
    natural: 'an assertion is used once, so that nobody who saw it gets its token: sign a fresh one',
  },
  request: {
    kind: 'form',
    schema: Type.Object({
      grant_type: Type.String(),
      client_assertion_type: Type.Optional(Type.String()),
      client_assertion: Type.Optional(Type.String()),
      client_id: Type.Optional(Type.String()),
      scope: Type.Optional(Type.String()),
    }),
    maxBytes: MAX_TOKEN_REQUEST_BYTES,
  },
  response: {
    kind: 'json',
    schema: Type.Object(
      {
        access_token: Type.String(),
        token_type: Type.Literal('Bearer'),
        expires_in: Type.Integer({ description: 'Seconds' }),
        scope: Type.String({ description: 'What was granted, divided by spaces' }),
      },
      closed,
    ),
  },
  problems: [],
});

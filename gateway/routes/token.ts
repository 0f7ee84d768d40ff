import { SCOPE_ROLES, SCOPES, type Scope } from '../api/scopes.ts';
import { CLIENT_ASSERTION_TYPE } from '../api/token.ts';
import { TOKEN_SECONDS, type AccessTokens } from '../auth/access-token.ts';
import type { Asserted, AssertionVerifier } from '../auth/assertion.ts';
import { OAuthError } from '../auth/oauth-error.ts';
import type { Members } from '../ports.ts';
import type { Handlers } from './handler.ts';

export function tokenRoutes({
  assertions,
  tokens,
  members,
}: {
  assertions: AssertionVerifier;
  tokens: AccessTokens;
  members: Members;
}) {
  /** What was asked for, narrowed by the member's roles and the application's certificate. */
  function grantedScopes(requested: string | undefined, { member, scopes }: Asserted): Scope[] {
    const wanted = requested?.split(' ').filter(Boolean);
    const unknown = wanted?.find((scope) => !SCOPES.some((known) => known === scope));
    if (unknown !== undefined) throw new OAuthError('invalid_scope', `scopes are ${SCOPES.join(', ')}`);
    const allowed = SCOPES.filter((scope) => members.isEntitledNow(member, SCOPE_ROLES[scope]));
    const granted = allowed.filter(
      (scope) => (!wanted || wanted.includes(scope)) && (!scopes || scopes.includes(scope)),
    );
    if (granted.length === 0)
      throw new OAuthError(
        'invalid_scope',
        'the member’s roles, or the application’s certificate, allow none of these scopes',
      );
    return granted;
  }

  return {
    async issueToken({ body, header }) {
      header('cache-control', 'no-store');
      if (body.grant_type !== 'client_credentials') {
        throw new OAuthError('unsupported_grant_type', 'grant_type must be client_credentials');
      }
      if (body.client_assertion === undefined || body.client_assertion_type !== CLIENT_ASSERTION_TYPE) {
        throw new OAuthError('invalid_client', `client_assertion of type ${CLIENT_ASSERTION_TYPE} is wanted`);
      }
      const asserted = await assertions.verify(body.client_assertion);
      const { member, clientKey } = asserted;
      if (body.client_id !== undefined && body.client_id !== member) {
        throw new OAuthError('invalid_client', 'client_id is not the one that signed');
      }
      const scopes = grantedScopes(body.scope, asserted);
      return {
        access_token: await tokens.issue(member, clientKey, scopes),
        token_type: 'Bearer',
        expires_in: TOKEN_SECONDS,
        scope: scopes.join(' '),
      };
    },
  } satisfies Partial<Handlers>;
}

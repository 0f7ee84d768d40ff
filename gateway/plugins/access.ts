// Who calls: reads the bearer token (RFC 6750) of every request, before its rate is counted.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { XinlianError } from '../../node/core/errors.ts';
import type { Scope } from '../api/scopes.ts';
import type { AccessTokens, Caller } from '../auth/access-token.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls, where a good token says so. */
    caller: Caller | null;
    /** Why the token that came is no good. */
    refusal: XinlianError | null;
  }
}

export function registerAccess(app: FastifyInstance, tokens: AccessTokens): void {
  app.decorateRequest('caller', null);
  app.decorateRequest('refusal', null);
  app.addHook('onRequest', (request, _reply, done) => {
    const { authorization } = request.headers;
    if (authorization === undefined) return done();
    const token = bearer(authorization);
    // Most were seen lately: these cost no turn of the event loop.
    const known = token === undefined ? undefined : tokens.known(token);
    if (!known) return judge(request, token);
    request.caller = known;
    return done();
  });

  async function judge(request: FastifyRequest, token: string | undefined): Promise<void> {
    try {
      if (token === undefined) throw new XinlianError('UNAUTHENTICATED', { reason: 'wanted a bearer token' });
      request.caller = await tokens.authenticate(token);
    } catch (error) {
      if (!XinlianError.is(error, 'UNAUTHENTICATED')) throw error;
      request.refusal = error;
    }
  }
}

function bearer(authorization: string): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1];
}

/** The caller, if it holds the scope. Throws `UNAUTHENTICATED`, `FORBIDDEN`. */
export function requireScope({ caller, refusal }: FastifyRequest, scope: Scope): Caller {
  if (refusal) throw refusal;
  if (!caller) throw new XinlianError('UNAUTHENTICATED', { reason: 'a bearer token is wanted' });
  if (caller.scopes.has(scope)) return caller;
  throw new XinlianError('FORBIDDEN', { wanted: `scope ${scope}`, got: [...caller.scopes].join(' ') || 'none' });
}

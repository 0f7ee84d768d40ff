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
  app.addHook('onRequest', async (request) => {
    const { authorization } = request.headers;
    if (authorization === undefined) return;
    try {
      request.caller = await tokens.authenticate(bearer(authorization));
    } catch (error) {
      if (!XinlianError.is(error, 'UNAUTHENTICATED')) throw error;
      request.refusal = error;
    }
  });
}

function bearer(authorization: string): string {
  const [, token] = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization) ?? [];
  if (token === undefined) throw new XinlianError('UNAUTHENTICATED', { reason: 'wanted a bearer token' });
  return token;
}

/** The caller, if it holds the scope. Throws `UNAUTHENTICATED`, `FORBIDDEN`. */
export function requireScope({ caller, refusal }: FastifyRequest, scope: Scope): Caller {
  if (refusal) throw refusal;
  if (!caller) throw new XinlianError('UNAUTHENTICATED', { reason: 'a bearer token is wanted' });
  if (caller.scopes.has(scope)) return caller;
  throw new XinlianError('FORBIDDEN', { wanted: `scope ${scope}`, got: [...caller.scopes].join(' ') || 'none' });
}

// Every fault as Problem Details, and what HTTP wants beside them.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { XinlianError } from '../../node/core/errors.ts';
import { OAuthError } from '../auth/oauth-error.ts';
import { fromFastify } from '../problems/http-errors.ts';
import { negotiateLanguage } from '../problems/language.ts';
import { retryAfter, toProblem } from '../problems/problem.ts';
import { allowedMethods } from './paths.ts';
import { discardBody } from './unread-body.ts';

export function registerProblems(app: FastifyInstance): void {
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request, reply) => {
    const [path = '/'] = request.url.split('?', 1);
    const allowed = allowedMethods(path);
    if (allowed.length === 0) {
      return sendProblem(new XinlianError('NOT_FOUND', { what: 'path', id: path }), request, reply);
    }
    reply.header('allow', allowed.join(', '));
    if (request.method === 'OPTIONS') return reply.code(204).send();
    return sendProblem(new XinlianError('METHOD_NOT_ALLOWED', { method: request.method, allowed }), request, reply);
  });
}

/** Also for what Fastify itself refuses before any route is found. */
export function sendProblem(raw: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const mediaType = request.headers['content-type'];
  const error = fromFastify(raw, { mediaType, maxBytes: request.routeOptions.bodyLimit ?? 0 });
  discardBody(request, reply);
  reply.header('cache-control', 'no-store');
  const oauth = asOAuth(error, request);
  if (oauth) return sendOAuth(oauth, reply);

  const language = negotiateLanguage(request.headers['accept-language']);
  const problem = toProblem(error, { language, requestId: request.id });
  if (problem.status >= 500) request.log.error({ err: error, code: problem.code }, 'request failed');
  else request.log.info({ code: problem.code }, 'request refused');
  const seconds = retryAfter(error);
  if (seconds !== undefined) reply.header('retry-after', String(seconds));
  if (problem.status === 401 || problem.status === 403) challenge(error, request, reply);
  return reply
    .code(problem.status)
    .header('content-language', language)
    .header('vary', [reply.getHeader('vary') ?? [], 'accept-language'].flat().join(', '))
    .type('application/problem+json')
    .send(Buffer.from(JSON.stringify(problem)));
}

/** RFC 6750, section 3. */
function challenge(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { scope } = request.routeOptions.config;
  if (scope === undefined) return;
  const reason = XinlianError.is(error, 'UNAUTHENTICATED')
    ? request.headers.authorization === undefined
      ? ''
      : ', error="invalid_token"'
    : `, error="insufficient_scope", scope="${scope}"`;
  reply.header('www-authenticate', `Bearer realm="xinlian"${reason}`);
}

/** The token endpoint tells the caller's faults in its own form: RFC 6749, section 5.2. */
function asOAuth(error: unknown, request: FastifyRequest): OAuthError | undefined {
  if (error instanceof OAuthError) return error;
  if (request.routeOptions.config.operation !== 'issueToken' || !XinlianError.is(error)) return undefined;
  switch (error.code) {
    case 'REQUEST_INVALID':
    case 'MALFORMED':
    case 'UNSUPPORTED_MEDIA_TYPE':
      return new OAuthError('invalid_request', 'wanted a form with every parameter once');
    default:
      return undefined;
  }
}

function sendOAuth(error: OAuthError, reply: FastifyReply): FastifyReply {
  reply.log.info({ code: error.code }, 'token refused');
  if (error.status === 401) reply.header('www-authenticate', 'Bearer realm="xinlian"');
  return reply
    .code(error.status)
    .type('application/json')
    .send(Buffer.from(JSON.stringify({ error: error.code, error_description: error.description })));
}

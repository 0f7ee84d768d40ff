// Errors that Fastify and its plugins throw, as our own.
import { XinlianError } from '../../node/core/errors.ts';

/** Codes of Fastify 5 that are the caller's fault. All others are ours. */
export function fromFastify(error: unknown, request: { mediaType: string | undefined; maxBytes: number }): unknown {
  if (!(error instanceof Error) || XinlianError.is(error)) return error;
  const code = (error as { code?: unknown }).code;
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new XinlianError('TOO_LARGE', { what: 'body', limit: request.maxBytes, got: request.maxBytes + 1 });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_EMPTY_TYPE':
      return new XinlianError('UNSUPPORTED_MEDIA_TYPE', { wanted: 'another', got: request.mediaType ?? 'none' });
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new XinlianError('MALFORMED', { what: 'body', wanted: 'JSON', got: 'nothing' });
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new XinlianError('MALFORMED', { what: 'body', wanted: 'JSON', got: 'something else' });
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new XinlianError('MALFORMED', {
        what: 'body',
        wanted: 'as many bytes as Content-Length says',
        got: 'others',
      });
    case 'FST_ERR_BAD_URL':
      return new XinlianError('MALFORMED', { what: 'path', wanted: 'percent-encoded UTF-8', got: 'something else' });
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new XinlianError('NOT_FOUND', { what: 'path', id: 'with so long a part' });
    case 'ECONNRESET':
      return new XinlianError('CANCELLED', { what: 'request' }, { cause: error });
    default:
      return error;
  }
}

// Which bodies a route takes, told before any of the body is read.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { XinlianError } from '../../node/core/errors.ts';
import type { RequestBody } from '../api/endpoint.ts';

export const MEDIA_TYPES = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  bytes: 'application/octet-stream',
  lines: 'application/x-ndjson',
} as const satisfies Record<RequestBody['kind'], string>;

/** What else streams of lines may be. */
const TEXT_LINES = ['text/csv'];

export function registerMediaTypes(app: FastifyInstance): void {
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser(MEDIA_TYPES.form, { parseAs: 'string' }, async (_: FastifyRequest, body: string) =>
    parseForm(body),
  );
  app.addContentTypeParser(MEDIA_TYPES.bytes, { parseAs: 'buffer' }, async (_: FastifyRequest, body: Buffer) => body);
  // The handler reads the rows itself, at its own pace.
  app.addContentTypeParser([MEDIA_TYPES.lines, ...TEXT_LINES], async (_: FastifyRequest, rows: unknown) => rows);
}

/** Throws `UNSUPPORTED_MEDIA_TYPE`. */
export function checkMediaType({ headers }: FastifyRequest, body: RequestBody): void {
  const wanted = MEDIA_TYPES[body.kind];
  const got = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  const also = body.kind === 'lines' ? body.alsoTypes : undefined;
  const accepted =
    got === wanted ||
    (got !== undefined && also?.includes(got) === true) ||
    (body.kind === 'json' && got !== undefined && /^application\/[\w.-]+\+json$/.test(got));
  if (!accepted) throw new XinlianError('UNSUPPORTED_MEDIA_TYPE', { wanted, got: got ?? 'no Content-Type' });
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new XinlianError('UNSUPPORTED_MEDIA_TYPE', { wanted: 'no Content-Encoding', got: encoding });
  }
}

/** RFC 6749, section 3.2: a parameter may stand once only. */
function parseForm(body: string): Record<string, string> {
  const form = new URLSearchParams(body);
  const names = [...form.keys()];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new XinlianError('MALFORMED', { what: 'form', wanted: 'a parameter once', got: 'twice' });
  return Object.fromEntries(form);
}

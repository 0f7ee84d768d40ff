// How an error crosses the wire: JSON {code, details}.
import { randomUUID } from 'node:crypto';
import { fromUtf8, utf8 } from '../core/bytes.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import type { ErrorCode, ErrorDetails } from '../core/errors.ts';
import type { Log } from './host.ts';

const CODE = /^[A-Z][A-Z_]{0,63}$/;

/** The error that a caller may see: anything but ours stays here, in the log, under a reference. */
export function publicError(error: unknown, log: Log, where: object): XinlianError {
  if (XinlianError.is(error)) return error;
  const reference = randomUUID();
  log.error({ ...where, reference, err: error }, 'unexpected failure');
  return new XinlianError('INTERNAL', { reference }, { cause: error });
}

export function encodeError(error: XinlianError): Uint8Array {
  return utf8(JSON.stringify({ code: error.code, details: error.details }));
}

/**
 * The details are what the peer says; their shape is not checked.
 *
 * @throws XinlianError `MALFORMED`
 */
export function decodeError(body: Uint8Array): XinlianError {
  const text = fromUtf8(body);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    malformed('error frame', 'JSON', text);
  }
  if (!isObject(value) || typeof value.code !== 'string' || !CODE.test(value.code) || !isObject(value.details)) {
    malformed('error frame', '{"code": CODE, "details": {…}}', text);
  }
  return new XinlianError(value.code as ErrorCode, value.details as unknown as ErrorDetails[ErrorCode]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

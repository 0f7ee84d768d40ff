// Errors as Problem Details (RFC 9457).
import type { ErrorCode, ErrorDetails } from '../../node/core/errors.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { Problem } from '../api/schemas.ts';
import { CATALOGUE, isErrorCode, problemType, type Kind, type Language } from './catalogue.ts';

const MAX_SHOWN = 200;

export interface Told {
  language: Language;
  requestId: string;
}

/** What the caller may know of an error: of ours, nothing but the reference. */
export function toProblem(error: unknown, { language, requestId }: Told): Problem {
  const known = asKnown(error, requestId);
  return describe(known, language, requestId);
}

/** An error of another kind, or of a code that a newer node made up, is our own fault towards the caller. */
function asKnown(error: unknown, reference: string): XinlianError {
  if (XinlianError.is(error) && isErrorCode(error.code)) return error;
  return new XinlianError('INTERNAL', { reference }, { cause: error });
}

function describe<C extends ErrorCode>(error: XinlianError<C>, language: Language, requestId: string): Problem {
  const kind: Kind<C> = CATALOGUE[error.code];
  const problem: Problem = {
    type: problemType(error.code),
    title: kind.title[language],
    status: kind.status,
    code: error.code,
    retryable: kind.retryable,
    request_id: requestId,
  };
  if (kind.status >= 500) return problem;
  const errors = faultsOf(error);
  const limit = limitOf(error.details);
  return {
    ...problem,
    ...(kind.detail && { detail: shorten(kind.detail[language](error.details)) }),
    ...(errors && { errors }),
    ...(limit !== undefined && { limit }),
  };
}

function faultsOf(error: XinlianError): Problem['errors'] {
  if (XinlianError.is(error, 'REQUEST_INVALID')) return error.details.faults;
  const details = error.details as Partial<Record<'what' | 'wanted' | 'got', unknown>>;
  if (typeof details.wanted !== 'string' || typeof details.got !== 'string') return undefined;
  const path = typeof details.what === 'string' ? details.what : '';
  return [{ path, wanted: shorten(details.wanted), got: shorten(details.got) }];
}

function limitOf(details: ErrorDetails[ErrorCode]): number | undefined {
  return 'limit' in details ? details.limit : undefined;
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** Where nothing better is known: a node that was restarted is back within a second or two. */
const RETRY_SECONDS = 1;

/** Seconds after which a retry makes sense; undefined where none does. */
export function retryAfter(error: unknown): number | undefined {
  if (!XinlianError.is(error) || !isErrorCode(error.code) || !CATALOGUE[error.code].retryable) return undefined;
  return 'retryAfterSeconds' in error.details ? error.details.retryAfterSeconds : RETRY_SECONDS;
}

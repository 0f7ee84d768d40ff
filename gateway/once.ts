// One request under an Idempotency-Key: it runs once, and is answered as before when it comes again.
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { XinlianError } from '../node/core/errors.ts';
import type { OperationId } from './api/api.ts';
import type { Endpoint } from './api/endpoint.ts';
import type { IdempotencyStore } from './idempotency-store.ts';
import { CATALOGUE, isErrorCode } from './problems/catalogue.ts';

/** An answer as it goes out. */
export interface Answered {
  body: Uint8Array | string;
  mediaType: string;
  headers: Readonly<Record<string, string>>;
}

interface Keyed {
  operation: OperationId;
  endpoint: Endpoint;
  key: string;
  /** Checked parts of the request. */
  parts: { params: unknown; query: unknown; body: unknown };
}

/**
 * Runs `work`, or gives what it came to before. Nothing is kept of what may pass, of who may not ask, and of operations
 * that are safe to repeat by themselves: of those only that the key is theirs.
 * @throws IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_KEY_IN_FLIGHT; what the work throws, and threw before
 */
export async function once(
  store: IdempotencyStore,
  { caller, ip }: Pick<FastifyRequest, 'caller' | 'ip'>,
  { operation, endpoint, key, parts }: Keyed,
  work: () => Promise<Answered>,
): Promise<{ answered: Answered; replayed: boolean }> {
  const turn = store.take(caller ? caller.member : ip, key, fingerprintOf(operation, parts));
  if ('kept' in turn) {
    if ('error' in turn.kept) throw turn.kept.error;
    return { answered: turn.kept, replayed: true };
  }
  const keeps = endpoint.idempotency?.kind === 'kept';
  try {
    const answered = await work();
    turn.done(keeps ? answered : undefined);
    return { answered, replayed: false };
  } catch (error) {
    if (keeps && isFinal(error)) turn.done({ error });
    else turn.failed();
    throw error;
  }
}

function isFinal(error: unknown): error is XinlianError {
  if (!XinlianError.is(error) || !isErrorCode(error.code)) return false;
  const { status, retryable } = CATALOGUE[error.code];
  return status < 500 && !retryable && status !== 401 && status !== 403;
}

/** SHA-256 of all that the request says. No part of it is kept. */
function fingerprintOf(operation: OperationId, { params, query, body }: Keyed['parts']): string {
  const hash = createHash('sha256').update(JSON.stringify([operation, params ?? null, query ?? null]));
  return hash.update(body instanceof Uint8Array ? body : JSON.stringify(body ?? null)).digest('base64url');
}

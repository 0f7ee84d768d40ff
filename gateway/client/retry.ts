// What may succeed later is tried again, with waits that grow.
import { XinlianError } from '../../node/core/errors.ts';
import { CATALOGUE, isErrorCode } from '../problems/catalogue.ts';
import { ApiError } from './api-error.ts';
import { ConnectionError } from './connection-error.ts';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;

export interface RetryOptions {
  /** No try is begun later than this after the first failure. */
  patienceMs: number;
  signal?: AbortSignal | undefined;
  /** Told before each wait. */
  onRetry?: ((error: unknown, waitMs: number) => void) | undefined;
  /** Whether an error passes by itself. Default: `mayPass` */
  mayPass?: (error: unknown) => boolean;
  /** Waits; for tests. */
  wait?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
}

/** Runs `action` until it succeeds. Throws its last error, or the first that does not pass by itself. */
export async function retry<T>(action: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { patienceMs, signal, onRetry, mayPass: passes = mayPass, wait = waitFor } = options;
  let waited = 0;
  for (let attempt = 0; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      // Half of the wait is chance: many clients that lost one gateway must not come back all at once.
      const own = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
      const waitMs = Math.max(own, secondsAsked(error) * 1000);
      if (signal?.aborted || !passes(error) || waited + waitMs > patienceMs) throw error;
      onRetry?.(error, waitMs);
      await wait(waitMs, signal);
      waited += waitMs;
    }
  }
}

/** Whether the same call may succeed later: the network, a busy or restarting gateway or node, a stale chain. */
export function mayPass(error: unknown): boolean {
  if (error instanceof ApiError) return error.retryable || error.status >= 500;
  if (XinlianError.is(error)) return isErrorCode(error.code) && CATALOGUE[error.code].retryable;
  return error instanceof ConnectionError;
}

function secondsAsked(error: unknown): number {
  if (error instanceof ApiError) return error.retryAfter ?? 0;
  return XinlianError.is(error) && 'retryAfterSeconds' in error.details ? error.details.retryAfterSeconds : 0;
}

/** Throws the signal's reason where it is aborted meanwhile. */
function waitFor(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      if (signal?.aborted) reject(signal.reason as Error);
      else resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}

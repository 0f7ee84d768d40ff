// How many calls to one peer are under way: the rest wait in order, so that a slow peer does not take all memory.
import { XinlianError } from '../core/errors.ts';
import { abortable } from './abortable.ts';

const RETRY_AFTER_SECONDS = 1;

export class OutboundSlots {
  readonly #maxWaiting: number;
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(options: { maxCalls: number; maxWaiting: number }) {
    this.#free = options.maxCalls;
    this.#maxWaiting = options.maxWaiting;
  }

  /**
   * Waits for a slot. Every resolved call MUST be followed by one `release`.
   *
   * @param what for the error
   * @throws XinlianError `OVERLOADED` where too many wait, or the reason of `signal`
   */
  async acquire(what: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    if (this.#waiting.size >= this.#maxWaiting) {
      throw new XinlianError('OVERLOADED', { what, retryAfterSeconds: RETRY_AFTER_SECONDS });
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    try {
      await abortable(promise, signal);
    } catch (error) {
      // A slot that was handed over in the same turn is passed on.
      if (!this.#waiting.delete(resolve)) this.release();
      throw error;
    }
  }

  release(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}

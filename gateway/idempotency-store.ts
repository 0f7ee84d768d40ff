// Idempotency keys that were used here: bounded per client and in all, in memory alone. A gateway holds no truth, so what
// is forgotten must do no harm: each POST says what it is by itself (api/idempotency.ts).
import { XinlianError } from '../node/core/errors.ts';
import { KEPT_ANSWER_BYTES, KEPT_BYTES_OF_ONE, KEY_SECONDS, KEYS_OF_ONE } from './api/idempotency.ts';
import type { Clock } from './ports.ts';

/** What an operation came to: bytes and headers as they were sent, or the fault that it ended with. */
export type Outcome =
  | {
      readonly body: Uint8Array | string;
      readonly mediaType: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly error: XinlianError };

interface Used {
  fingerprint: string;
  /** Milliseconds since 1970. */
  since: number;
  underWay: boolean;
  outcome?: Outcome;
  bytes: number;
}

interface OfClient {
  keys: Map<string, Used>;
  bytes: number;
}

const BOUNDS = { keys: KEYS_OF_ONE, bytes: KEPT_BYTES_OF_ONE, allBytes: 64 << 20, clients: 10_000 };

/** What a request under a key goes on with: it runs, or is answered as before. */
export type Turn = { kept: Outcome } | { done(outcome: Outcome | undefined): void; failed(): void };

export class IdempotencyStore {
  readonly #clock: Clock;
  readonly #bounds: typeof BOUNDS;
  readonly #clients = new Map<string, OfClient>();
  #bytes = 0;

  constructor(clock: Clock, bounds: Partial<typeof BOUNDS> = {}) {
    this.#clock = clock;
    this.#bounds = { ...BOUNDS, ...bounds };
  }

  /**
   * Takes a key for one request. The turn MUST end with `done` or `failed`.
   * @param fingerprint of everything that the request says
   * @throws IDEMPOTENCY_KEY_REUSED for another request before, IDEMPOTENCY_KEY_IN_FLIGHT while the same is under way
   */
  take(client: string, key: string, fingerprint: string): Turn {
    const own = this.#clientOf(client);
    this.#forgetOld(own);
    const before = own.keys.get(key);
    if (before && before.fingerprint !== fingerprint) throw new XinlianError('IDEMPOTENCY_KEY_REUSED', { key });
    if (before?.underWay === true) throw new XinlianError('IDEMPOTENCY_KEY_IN_FLIGHT', { key, retryAfterSeconds: 1 });
    if (before?.outcome) return { kept: before.outcome };
    const used: Used = { fingerprint, since: before?.since ?? this.#clock.now(), underWay: true, bytes: 0 };
    own.keys.set(key, used);
    return {
      done: (outcome) => {
        used.underWay = false;
        if (own.keys.get(key) !== used) return;
        if (outcome) this.#keep(own, used, outcome);
        this.#makeRoom(own);
      },
      failed: () => {
        if (own.keys.get(key) === used) this.#forget(own, key);
      },
    };
  }

  #clientOf(client: string): OfClient {
    const known = this.#clients.get(client);
    const own = known ?? { keys: new Map<string, Used>(), bytes: 0 };
    // The one that was heard of last stands last.
    this.#clients.delete(client);
    this.#clients.set(client, own);
    for (const [oldest, of] of this.#clients) {
      if (this.#clients.size <= this.#bounds.clients) break;
      for (const key of of.keys.keys()) this.#forget(of, key);
      this.#clients.delete(oldest);
    }
    return own;
  }

  #keep(own: OfClient, used: Used, outcome: Outcome): void {
    const bytes = 'body' in outcome ? sizeOf(outcome.body) : 0;
    if (bytes > Math.min(KEPT_ANSWER_BYTES, this.#bounds.bytes)) return;
    used.outcome = outcome;
    used.bytes = bytes;
    own.bytes += bytes;
    this.#bytes += bytes;
  }

  #forgetOld(own: OfClient): void {
    const oldest = this.#clock.now() - KEY_SECONDS * 1000;
    for (const [key, { since, underWay }] of own.keys) {
      if (since > oldest) return;
      if (!underWay) this.#forget(own, key);
    }
  }

  /** First of its own, then of whoever has the most. What is under way stays: it would run twice. */
  #makeRoom(own: OfClient): void {
    while (own.keys.size > this.#bounds.keys || own.bytes > this.#bounds.bytes) if (!this.#forgetOldest(own)) break;
    while (this.#bytes > this.#bounds.allBytes) {
      let largest = own;
      for (const other of this.#clients.values()) if (other.bytes > largest.bytes) largest = other;
      if (!this.#forgetOldest(largest)) return;
    }
  }

  #forgetOldest(own: OfClient): boolean {
    for (const [key, { underWay }] of own.keys) {
      if (underWay) continue;
      this.#forget(own, key);
      return true;
    }
    return false;
  }

  #forget(own: OfClient, key: string): void {
    const used = own.keys.get(key);
    if (!used || !own.keys.delete(key)) return;
    own.bytes -= used.bytes;
    this.#bytes -= used.bytes;
  }
}

/** In memory, at most: a character of a text takes two bytes where one of them is beyond Latin 1. */
function sizeOf(body: Uint8Array | string): number {
  return typeof body === 'string' ? 2 * body.length : body.length;
}

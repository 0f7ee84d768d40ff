// JSON-RPC 2.0 over several endpoints: the first that works is used, and the others bear witness against it.
//
// Raw JSON on purpose: header and receipt encoding need every field as the engine gave it, which client libraries hide.
import { XinlianError, malformed } from '../core/errors.ts';
import type { Clock, Log } from './ports.ts';
import { faultyEndpoints, resultOf, RpcEndpoint, type Failing, type RpcAnswer, type RpcCall } from './rpc-endpoint.ts';

export interface Rpc {
  /**
   * One call. Every method used by this project can safely be sent twice, so a failed call goes to the next endpoint.
   * @throws CHAIN_UNREACHABLE no endpoint answered; CHAIN_WRONG it is another chain, or no JSON-RPC;
   *   CHAIN_REFUSED the engine answered with an error; CANCELLED
   */
  request<T>(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<T>;
}

/** One endpoint, asked by itself. */
export interface Witness extends Rpc {
  /** What logs may show. */
  readonly name: string;
  /** Does not use it for a while; the only one there is, is used all the same. */
  setAside(why: Failing): void;
}

/** The endpoints behind an `Rpc`, for whoever judges them. */
export interface Endpoints {
  /** How many there are, set aside or not. */
  readonly size: number;
  /** Those that are not set aside, the one in use first. */
  witnesses(): Witness[];
  /** Sets the endpoint in use aside. */
  leave(why: Failing): void;
  /** Changes over to the furthest endpoint where the one in use is more than `lag` blocks behind. */
  compareHeads(lag: number): Promise<void>;
}

export interface JsonRpcOptions {
  /** HTTP addresses, the preferred one first. `user:password@` becomes basic authentication. */
  endpoints: readonly string[];
  /** Refuses endpoints of any other chain. */
  chainId?: number;
  /** For one HTTP request; 10 s unless told. */
  timeoutMs?: number;
  /** Calls in one HTTP request; 50 unless told. */
  batch?: number;
  /** An endpoint that failed is tried last for this long, twice as long at each further failure; 5 s unless told. */
  restMs?: number;
  /** An endpoint that was contradicted is not used at all for this long; 10 min unless told. */
  asideMs?: number;
}

export interface EndpointStatus {
  /** Scheme, host and port. */
  endpoint: string;
  state: 'in use' | 'ready' | Failing;
}

interface Call extends RpcCall {
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
}

/** A witness that is slow must not hold up what the others agree on. */
const WITNESS_TIMEOUT_MS = 3_000;
const LONGEST_REST_MS = 60_000;

export class JsonRpc implements Rpc, Endpoints {
  readonly #options: Required<Omit<JsonRpcOptions, 'endpoints' | 'chainId'>>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #endpoints: RpcEndpoint[];
  readonly #abort = new AbortController();
  #preferred = 0;
  #queue: Call[] = [];

  /** @throws CONFIG_INVALID */
  constructor(options: JsonRpcOptions, dependencies: { clock: Clock; log: Log }) {
    this.#options = {
      timeoutMs: options.timeoutMs ?? 10_000,
      batch: options.batch ?? 50,
      restMs: options.restMs ?? 5_000,
      asideMs: options.asideMs ?? 600_000,
    };
    this.#clock = dependencies.clock;
    this.#log = dependencies.log;
    if (options.endpoints.length === 0) throw faultyEndpoints('endpoints', 'at least one is wanted');
    const { chainId } = options;
    this.#endpoints = options.endpoints.map(
      (text, i) => new RpcEndpoint(text, i, { chainId, closed: this.#abort.signal }),
    );
  }

  async request<T>(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<T> {
    if (signal?.aborted) throw new XinlianError('CANCELLED', { what: method }, { cause: signal.reason });
    const answer = new Promise<unknown>((resolve, reject) => {
      // Calls made in one turn of the event loop travel together.
      if (this.#queue.length === 0) setImmediate(() => this.#flush());
      this.#queue.push({ method, params, resolve, reject });
    });
    if (!signal) return (await answer) as T;
    const cancelled = Promise.withResolvers<never>();
    const cancel = (): void =>
      cancelled.reject(new XinlianError('CANCELLED', { what: method }, { cause: signal.reason }));
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return (await Promise.race([answer, cancelled.promise])) as T;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  get size(): number {
    return this.#endpoints.length;
  }

  witnesses(): Witness[] {
    const now = this.#clock.now();
    return this.#ring()
      .filter((endpoint) => endpoint.failing(now) === undefined)
      .map((endpoint) => ({
        name: endpoint.shown,
        setAside: (why) => this.#setAside(endpoint, why),
        request: async <T>(method: string, params: readonly unknown[]) => {
          const [answer] = await this.#ask(endpoint, [{ method, params }]);
          return resultOf(method, answer) as T;
        },
      }));
  }

  leave(why: Failing): void {
    const endpoint = this.#endpoints[this.#preferred];
    if (endpoint) this.#setAside(endpoint, why);
  }

  async compareHeads(lag: number): Promise<void> {
    const now = this.#clock.now();
    const usable = this.#ring().filter((endpoint) => endpoint.failing(now) === undefined);
    if (usable.length < 2) return;
    const heads = await Promise.all(
      usable.map(async (endpoint) => {
        // What it fails with is noted already.
        const [answer] = await this.#ask(endpoint, [{ method: 'eth_blockNumber', params: [] }]).catch(() => []);
        return typeof answer?.result === 'string' ? Number(answer.result) : -1;
      }),
    );
    const furthest = Math.max(...heads);
    const best = usable[heads.indexOf(furthest)];
    // It stays a witness: an endpoint that names a head which nobody else has must not be left alone by that.
    if (best && furthest - (heads[0] ?? -1) > lag) this.#changeOver(best, 'it lags');
  }

  status(): EndpointStatus[] {
    const now = this.#clock.now();
    return this.#endpoints.map((endpoint, i) => ({
      endpoint: endpoint.shown,
      state: endpoint.failing(now) ?? (i === this.#preferred ? 'in use' : 'ready'),
    }));
  }

  /** Ends every call under way with CANCELLED. */
  close(): void {
    this.#abort.abort(new XinlianError('CLOSED', { what: 'JSON-RPC client' }));
  }

  #flush(): void {
    const queue = this.#queue;
    this.#queue = [];
    for (let i = 0; i < queue.length; i += this.#options.batch) {
      void this.#send(queue.slice(i, i + this.#options.batch));
    }
  }

  async #send(calls: Call[]): Promise<void> {
    try {
      const answers = await this.#first(calls);
      for (const [i, call] of calls.entries()) settle(call, answers[i]);
    } catch (error) {
      for (const call of calls) call.reject(error);
    }
  }

  /** The answers of the first endpoint that gives any. */
  async #first(calls: readonly RpcCall[]): Promise<RpcAnswer[]> {
    let last: unknown = new XinlianError('CHAIN_UNREACHABLE', {
      endpoint: 'any',
      reason: 'every endpoint was contradicted by the others',
    });
    for (const endpoint of this.#order()) {
      try {
        const answers = await endpoint.post(calls, this.#options.timeoutMs);
        const index = this.#endpoints.indexOf(endpoint);
        if (index !== this.#preferred) this.#log.info({ endpoint: endpoint.shown }, 'changed over to another endpoint');
        this.#preferred = index;
        return answers;
      } catch (error) {
        if (this.#abort.signal.aborted) throw new XinlianError('CANCELLED', { what: 'JSON-RPC' }, { cause: error });
        this.#failed(endpoint, error);
        last = error;
      }
    }
    throw last;
  }

  async #ask(endpoint: RpcEndpoint, calls: readonly RpcCall[]): Promise<RpcAnswer[]> {
    try {
      return await endpoint.post(calls, Math.min(WITNESS_TIMEOUT_MS, this.#options.timeoutMs));
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#failed(endpoint, error);
      throw error;
    }
  }

  /** All of them, the preferred one first. */
  #ring(): RpcEndpoint[] {
    return [...this.#endpoints.slice(this.#preferred), ...this.#endpoints.slice(0, this.#preferred)];
  }

  /** The preferred endpoint first, those that rest last, those that were contradicted not at all. */
  #order(): RpcEndpoint[] {
    const now = this.#clock.now();
    const usable = this.#ring().filter((endpoint) => endpoint.failing(now) !== 'contradicted');
    return [
      ...usable.filter((endpoint) => endpoint.failing(now) === undefined),
      ...usable.filter((endpoint) => endpoint.failing(now) !== undefined),
    ];
  }

  #failed(endpoint: RpcEndpoint, error: unknown): void {
    const now = this.#clock.now();
    if (endpoint.failing(now) !== undefined) return;
    this.#log.warn({ endpoint: endpoint.shown, error: String(error) }, 'chain endpoint failed');
    endpoint.rest(now + this.#restMs(endpoint, 'failed'), 'failed');
  }

  #setAside(endpoint: RpcEndpoint, why: Failing): void {
    if (this.#endpoints.length === 1) return;
    const now = this.#clock.now();
    endpoint.rest(now + this.#restMs(endpoint, why), why);
    if (endpoint !== this.#endpoints[this.#preferred]) return;
    const next = this.#ring().find((other) => other.failing(now) === undefined);
    if (next) this.#changeOver(next, why);
  }

  #changeOver(to: RpcEndpoint, why: string): void {
    const left = this.#endpoints[this.#preferred]?.shown;
    this.#preferred = this.#endpoints.indexOf(to);
    this.#log.warn({ left, why, endpoint: to.shown }, 'changed over to another endpoint');
  }

  #restMs({ failures }: RpcEndpoint, why: Failing): number {
    const { restMs, asideMs } = this.#options;
    if (why === 'contradicted') return asideMs;
    return Math.min(Math.max(LONGEST_REST_MS, restMs), restMs * 2 ** failures);
  }
}

function settle(call: Call, answer: RpcAnswer | undefined): void {
  try {
    call.resolve(resultOf(call.method, answer));
  } catch (error) {
    call.reject(error);
  }
}

/** A JSON-RPC quantity (`0x…`) as a number. @throws MALFORMED also beyond 2^53 − 1 */
export function quantity(what: string, value: unknown): number {
  const number = typeof value === 'string' && /^0x[0-9a-f]{1,16}$/i.test(value) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(number) ? number : malformed(what, 'a quantity, 0x and hex digits', value);
}

/** A number as a JSON-RPC quantity. */
export function toQuantity(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

// JSON-RPC 2.0 over HTTP: batches, time-outs, and an ordered list of endpoints of which the first that works is used.
//
// Raw JSON on purpose: header and receipt encoding need every field as the engine gave it, which client libraries hide.
import { XinlianError, malformed } from '../core/errors.ts';
import type { Clock, Log } from './ports.ts';

export interface Rpc {
  /**
   * One call. Every method used by this project can safely be sent twice, so a failed call goes to the next endpoint.
   * @throws CHAIN_UNREACHABLE no endpoint answered; CHAIN_WRONG it is another chain, or no JSON-RPC;
   *   CHAIN_REFUSED the engine answered with an error; CANCELLED
   */
  request<T>(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<T>;
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
  /** An endpoint that failed is tried last for this long; 5 s unless told. */
  restMs?: number;
}

interface Call {
  method: string;
  params: readonly unknown[];
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
}

interface Answer {
  id?: unknown;
  result?: unknown;
  error?: { code?: number; message?: string; data?: unknown };
}

interface Endpoint {
  address: string;
  /** What logs may show: no credentials, no path (which often holds a token). */
  shown: string;
  headers: Record<string, string>;
  restsUntil: number;
  /** Whether its chain id was seen to be the wanted one since it last failed. */
  verified: boolean;
}

export class JsonRpc implements Rpc {
  readonly #options: Required<Omit<JsonRpcOptions, 'endpoints' | 'chainId'>> & { chainId: number | undefined };
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #endpoints: Endpoint[];
  readonly #abort = new AbortController();
  #preferred = 0;
  #queue: Call[] = [];
  #nextId = 1;

  /** @throws CONFIG_INVALID */
  constructor(options: JsonRpcOptions, dependencies: { clock: Clock; log: Log }) {
    this.#options = {
      chainId: options.chainId,
      timeoutMs: options.timeoutMs ?? 10_000,
      batch: options.batch ?? 50,
      restMs: options.restMs ?? 5_000,
    };
    this.#clock = dependencies.clock;
    this.#log = dependencies.log;
    if (options.endpoints.length === 0) throw faulty('endpoints', 'at least one is wanted');
    this.#endpoints = options.endpoints.map(parseEndpoint);
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

  /**
   * Asks every endpoint for its head and changes over to the highest, unless the one in use is at most `lag` blocks
   * behind. An engine that is cut off goes on answering with an old head: failing calls alone do not show that.
   */
  async preferFreshest(lag: number): Promise<void> {
    if (this.#endpoints.length === 1) return;
    const heads = await Promise.all(
      this.#endpoints.map(async (endpoint) => {
        try {
          const [answer] = await this.#post(endpoint, [{ method: 'eth_blockNumber', params: [] }]);
          return typeof answer?.result === 'string' ? Number(answer.result) : -1;
        } catch (error) {
          this.#failed(endpoint, error);
          return -1;
        }
      }),
    );
    const best = heads.indexOf(Math.max(...heads));
    if ((heads[best] ?? -1) - (heads[this.#preferred] ?? -1) <= lag) return;
    this.#preferred = best;
    this.#log.warn({ endpoint: this.#endpoints[best]?.shown, head: heads[best] }, 'changed over: the other lags');
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
  async #first(calls: readonly Pick<Call, 'method' | 'params'>[]): Promise<Answer[]> {
    let last: unknown;
    for (const endpoint of this.#order()) {
      try {
        const answers = await this.#post(endpoint, calls);
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

  /** The preferred endpoint first, those that rest last. */
  #order(): Endpoint[] {
    const now = this.#clock.now();
    const ring = this.#endpoints.map((_, i) => this.#endpoints[(this.#preferred + i) % this.#endpoints.length]);
    const all = ring.filter((endpoint) => endpoint !== undefined);
    return [
      ...all.filter((endpoint) => endpoint.restsUntil <= now),
      ...all.filter((endpoint) => endpoint.restsUntil > now),
    ];
  }

  #failed(endpoint: Endpoint, error: unknown): void {
    const now = this.#clock.now();
    if (endpoint.restsUntil <= now)
      this.#log.warn({ endpoint: endpoint.shown, error: String(error) }, 'chain endpoint failed');
    endpoint.restsUntil = now + this.#options.restMs;
    endpoint.verified = false;
  }

  async #post(endpoint: Endpoint, calls: readonly Pick<Call, 'method' | 'params'>[]): Promise<Answer[]> {
    // The chain id travels with the first calls: an endpoint costs no round trip to verify.
    const verify = this.#options.chainId !== undefined && !endpoint.verified;
    const sent = verify ? [{ method: 'eth_chainId', params: [] }, ...calls] : calls;
    const firstId = this.#nextId;
    this.#nextId += sent.length;
    const body = sent.map(({ method, params }, i) => ({ jsonrpc: '2.0', id: firstId + i, method, params }));
    const parsed = await this.#exchange(endpoint, JSON.stringify(body.length === 1 ? body[0] : body));
    const byId = new Map((Array.isArray(parsed) ? parsed : [parsed]).map((answer: Answer) => [answer.id, answer]));
    const answers = body.map(({ id, method }) => {
      const answer = byId.get(id);
      if (answer) return answer;
      throw new XinlianError('CHAIN_WRONG', {
        what: endpoint.shown,
        wanted: `an answer to ${method}`,
        got: brief(parsed),
      });
    });
    if (!verify) return answers;
    const [chainId, ...rest] = answers;
    if (Number(chainId?.result) !== this.#options.chainId) {
      throw new XinlianError('CHAIN_WRONG', {
        what: `chain id of ${endpoint.shown}`,
        wanted: String(this.#options.chainId),
        got: brief(chainId?.result ?? chainId?.error),
      });
    }
    endpoint.verified = true;
    return rest;
  }

  async #exchange(endpoint: Endpoint, body: string): Promise<unknown> {
    let text: string;
    let status: number;
    try {
      const response = await fetch(endpoint.address, {
        method: 'POST',
        headers: endpoint.headers,
        body,
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(this.#options.timeoutMs)]),
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      throw new XinlianError(
        'CHAIN_UNREACHABLE',
        { endpoint: endpoint.shown, reason: rootReason(error) },
        { cause: error },
      );
    }
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch (error) {
      const reason = `HTTP ${status}, no JSON: ${brief(text)}`;
      throw new XinlianError('CHAIN_UNREACHABLE', { endpoint: endpoint.shown, reason }, { cause: error });
    }
    if (typeof parsed === 'object' && parsed !== null) return parsed;
    throw new XinlianError('CHAIN_WRONG', { what: endpoint.shown, wanted: 'JSON-RPC', got: brief(parsed) });
  }
}

function settle(call: Call, answer: Answer | undefined): void {
  if (!answer?.error) return call.resolve(answer?.result);
  const { code = 0, message = 'no message', data } = answer.error;
  call.reject(
    new XinlianError('CHAIN_REFUSED', { method: call.method, code, message, ...(data === undefined ? {} : { data }) }),
  );
}

function parseEndpoint(text: string, index: number): Endpoint {
  if (!URL.canParse(text)) throw faulty(`endpoints[${index}]`, `an http or https address is wanted, got ${text}`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw faulty(`endpoints[${index}]`, `an http or https address is wanted, got ${url.protocol}`);
  }
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (url.username !== '') {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
    url.username = '';
    url.password = '';
  }
  return { address: url.href, shown: url.origin, headers, restsUntil: 0, verified: false };
}

function faulty(path: string, message: string): XinlianError {
  return new XinlianError('CONFIG_INVALID', { faults: [{ path, message }] });
}

function brief(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')).slice(0, 200);
}

/** fetch says only "fetch failed"; the cause below it says why. */
function rootReason(error: unknown): string {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause;
  return deepest instanceof Error ? deepest.message || deepest.name : String(deepest);
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

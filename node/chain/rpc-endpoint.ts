// One JSON-RPC address over HTTP: batches, time-outs, and a memory of what it was caught at.
import { XinlianError } from '../core/errors.ts';

export interface RpcCall {
  method: string;
  params: readonly unknown[];
}

export interface RpcAnswer {
  id?: unknown;
  result?: unknown;
  error?: { code?: number; message?: string; data?: unknown };
}

/** Why an endpoint is not used for a while: it did not answer, or it said what is not so. */
export type Failing = 'failed' | 'contradicted';

interface EndpointOptions {
  chainId: number | undefined;
  /** Ends every request. */
  closed: AbortSignal;
}

export class RpcEndpoint {
  /** What logs may show: no credentials, no path (which often holds a token). */
  readonly shown: string;
  readonly #address: string;
  readonly #headers: Record<string, string> = { 'content-type': 'application/json' };
  readonly #options: EndpointOptions;
  #nextId = 1;
  /** Whether its chain id was seen to be the wanted one since it last failed. */
  #verified = false;
  #rest: { until: number; why: Failing } | undefined;
  /** Failures without an answer between them. */
  #failures = 0;

  /** @throws CONFIG_INVALID */
  constructor(text: string, index: number, options: EndpointOptions) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
      throw faultyEndpoints(`endpoints[${index}]`, `an http or https address is wanted, got ${text}`);
    }
    if (url.username !== '') {
      const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
      this.#headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
      url.username = '';
      url.password = '';
    }
    this.#address = url.href;
    this.shown = url.origin;
    this.#options = options;
  }

  /** What keeps it from being used at this time; undefined where nothing does. */
  failing(now: number): Failing | undefined {
    return this.#rest && this.#rest.until > now ? this.#rest.why : undefined;
  }

  /** How many times it failed, with no answer in between. */
  get failures(): number {
    return this.#failures;
  }

  rest(until: number, why: Failing): void {
    this.#rest = { until, why };
    if (why === 'failed') this.#failures++;
    this.#verified = false;
  }

  /**
   * The answers to some calls, in their order.
   * @throws CHAIN_UNREACHABLE; CHAIN_WRONG another chain, or no JSON-RPC
   */
  async post(calls: readonly RpcCall[], timeoutMs: number): Promise<RpcAnswer[]> {
    // The chain id travels with the first calls: an endpoint costs no round trip to verify.
    const verify = this.#options.chainId !== undefined && !this.#verified;
    const sent = verify ? [{ method: 'eth_chainId', params: [] }, ...calls] : calls;
    const firstId = this.#nextId;
    this.#nextId += sent.length;
    const body = sent.map(({ method, params }, i) => ({ jsonrpc: '2.0', id: firstId + i, method, params }));
    const parsed = await this.#exchange(JSON.stringify(body.length === 1 ? body[0] : body), timeoutMs);
    const byId = new Map((Array.isArray(parsed) ? parsed : [parsed]).map((answer: RpcAnswer) => [answer.id, answer]));
    const answers = body.map(({ id, method }) => {
      const answer = byId.get(id);
      if (answer) return answer;
      throw new XinlianError('CHAIN_WRONG', {
        what: this.shown,
        wanted: `an answer to ${method}`,
        got: brief(parsed),
      });
    });
    this.#failures = 0;
    if (!verify) return answers;
    const [chainId, ...rest] = answers;
    if (Number(chainId?.result) !== this.#options.chainId) {
      throw new XinlianError('CHAIN_WRONG', {
        what: `chain id of ${this.shown}`,
        wanted: String(this.#options.chainId),
        got: brief(chainId?.result ?? chainId?.error),
      });
    }
    this.#verified = true;
    return rest;
  }

  async #exchange(body: string, timeoutMs: number): Promise<unknown> {
    let text: string;
    let status: number;
    try {
      const response = await fetch(this.#address, {
        method: 'POST',
        headers: this.#headers,
        body,
        signal: AbortSignal.any([this.#options.closed, AbortSignal.timeout(timeoutMs)]),
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      throw new XinlianError(
        'CHAIN_UNREACHABLE',
        { endpoint: this.shown, reason: rootReason(error) },
        { cause: error },
      );
    }
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch (error) {
      const reason = `HTTP ${status}, no JSON: ${brief(text)}`;
      throw new XinlianError('CHAIN_UNREACHABLE', { endpoint: this.shown, reason }, { cause: error });
    }
    if (typeof parsed === 'object' && parsed !== null) return parsed;
    throw new XinlianError('CHAIN_WRONG', { what: this.shown, wanted: 'JSON-RPC', got: brief(parsed) });
  }
}

/** The result of a call. @throws CHAIN_REFUSED the engine answered with an error */
export function resultOf(method: string, answer: RpcAnswer | undefined): unknown {
  if (!answer?.error) return answer?.result;
  const { code = 0, message = 'no message', data } = answer.error;
  throw new XinlianError('CHAIN_REFUSED', { method, code, message, ...(data === undefined ? {} : { data }) });
}

export function faultyEndpoints(path: string, message: string): XinlianError {
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

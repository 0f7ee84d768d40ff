// An engine's JSON-RPC with faults, put in front of a real one.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What it does from now on. `lie`: tells a chain of its own, consistent in itself, from a block on. `hide`: leaves our
 * contracts' events out. `boast`: names a head that nobody has. `lag`: stays at a block. `drop`: cuts the connection.
 * `hang`: never answers. `duplicate`: says everything twice. `indexing`: refuses to tell of a receipt that it has not got, as
 * geth does for a while after its start.
 */
export type Fault =
  | { kind: 'none' }
  | { kind: 'lie'; from: number }
  | { kind: 'hide' }
  | { kind: 'boast' }
  | { kind: 'lag'; at: number }
  | { kind: 'drop' }
  | { kind: 'hang' }
  | { kind: 'duplicate' }
  | { kind: 'indexing' };

interface Call {
  id: number;
  method: string;
  params: unknown[];
}

interface Answer {
  id: number;
  result?: unknown;
  error?: unknown;
}

export class FaultProxy {
  fault: Fault = { kind: 'none' };
  /** How many HTTP requests came. */
  requests = 0;
  readonly #target: string;
  readonly #server: Server;

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((request, response) => {
      this.requests++;
      if (this.fault.kind === 'hang') return;
      if (this.fault.kind === 'drop') return void request.socket.destroy();
      this.#answer(request).then(
        (text) => response.writeHead(200, { 'content-type': 'application/json' }).end(text),
        () => response.destroy(),
      );
    });
  }

  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage): Promise<string> {
    const body = JSON.parse(await new Response(request as never).text()) as Call | Call[];
    const calls = Array.isArray(body) ? body : [body];
    const answers = await this.#forward(calls.map((call) => this.#asked(call)));
    if (this.fault.kind === 'duplicate') await this.#forward(calls);
    const said = answers.map((answer, i) => this.#said(calls[i] as Call, answer));
    if (this.fault.kind === 'duplicate') return JSON.stringify([...said, ...said]);
    return JSON.stringify(Array.isArray(body) ? said : said[0]);
  }

  async #forward(calls: readonly Call[]): Promise<Answer[]> {
    const response = await fetch(this.#target, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(calls),
    });
    const answers = (await response.json()) as Answer[];
    return calls.map(({ id }) => answers.find((answer) => answer.id === id) as Answer);
  }

  #asked(call: Call): Call {
    const { fault } = this;
    if (fault.kind === 'lag') return { ...call, params: call.params.map((param) => capped(param, fault.at)) };
    // What it called a block, it is asked for under that name.
    return fault.kind === 'lie' ? { ...call, params: call.params.map((param) => renamed(param)) } : call;
  }

  #said({ method, params }: Call, answer: Answer): Answer {
    const { fault } = this;
    switch (fault.kind) {
      case 'lie':
        return { ...answer, result: disguised(answer.result, fault.from) };
      case 'hide':
        return method === 'eth_getLogs' ? { ...answer, result: [] } : answer;
      case 'boast':
        return params[0] === 'latest' || method === 'eth_blockNumber'
          ? { ...answer, result: boasted(answer.result) }
          : answer;
      case 'lag':
        return method === 'eth_blockNumber' ? { ...answer, result: `0x${fault.at.toString(16)}` } : answer;
      case 'duplicate':
        return method === 'eth_getLogs' ? { ...answer, result: [answer.result, answer.result].flat() } : answer;
      case 'indexing':
        return method === 'eth_getTransactionReceipt' && answer.result === null
          ? { id: answer.id, error: { code: -32_000, message: 'transaction indexing is in progress' } }
          : answer;
      default:
        return answer;
    }
  }
}

/** Another hash; twice, the same again. */
function other(hash: string): string {
  return hash.slice(0, -1) + (Number.parseInt(hash.slice(-1), 16) ^ 1).toString(16);
}

function renamed(param: unknown): unknown {
  if (typeof param !== 'object' || param === null || !('blockHash' in param)) return param;
  return { ...param, blockHash: other(String(param.blockHash)) };
}

/** Block hashes of blocks, logs and receipts at or above a number, each another one. */
function disguised(value: unknown, from: number): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => disguised(item, from));
  if (typeof value !== 'object' || value === null) return value;
  const { number, blockNumber } = value as { number?: string; blockNumber?: string };
  const at = Number(number ?? blockNumber ?? -1);
  const changed = Object.entries(value).map(([name, item]: [string, unknown]) => {
    const below = name === 'parentHash' ? at > from : at >= from;
    return below && typeof item === 'string' && ['hash', 'parentHash', 'blockHash'].includes(name)
      ? [name, other(item)]
      : [name, item];
  });
  return Object.fromEntries(changed) as object;
}

function boasted(result: unknown): unknown {
  const further = (number: string): string => `0x${(Number(number) + 1_000).toString(16)}`;
  if (typeof result === 'string') return further(result);
  return typeof result === 'object' && result !== null && 'number' in result
    ? { ...result, number: further(String(result.number)) }
    : result;
}

function capped(param: unknown, at: number): unknown {
  if (param === 'latest' || param === 'pending') return `0x${at.toString(16)}`;
  if (typeof param === 'string' && /^0x[0-9a-f]{1,8}$/.test(param) && Number(param) > at) return '0xffffffff';
  return param;
}

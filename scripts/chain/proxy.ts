// The JSON-RPC that nodes see: the engine's own, but that what is on disk is called final.
import { createServer, type IncomingMessage, type Server } from 'node:http';

export interface ProxyHooks {
  /** Hands a body to the engine. @throws where there is none at the moment */
  forward(body: string): Promise<string>;
  /** Runs `work` while nothing is mined or dumped. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** A transaction may have come. */
  transactionSent(): void;
  /** A call may have changed the chain. */
  chainChanged(): void;
  /** Number of the last block that is on disk. */
  final(): number;
}

interface Call {
  method?: unknown;
  params?: unknown;
}

const LARGEST_BODY = 16 * 1024 * 1024;
const SENDING = /^eth_send(?:Raw)?Transaction/;
/** Calls of development engines, which can mine, go back in time, and more. */
const MEDDLING = /^(?:evm|anvil|hardhat)_/;

export function createProxy(hooks: ProxyHooks): Server {
  return createServer((request, response) => {
    // A page in a browser has no business here, and its own site's permission does not help it.
    if (request.method !== 'POST' || request.headers.origin !== undefined) {
      response.writeHead(request.method === 'POST' ? 403 : 405).end();
      return;
    }
    answer(hooks, request).then(
      (text) => response.writeHead(200, { 'content-type': 'application/json' }).end(text),
      // Not JSON-RPC on purpose: to a client this is an engine that cannot be reached, not one that refuses.
      (error: unknown) => {
        if (!response.headersSent) response.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '1' });
        response.end(`the engine is not there at the moment: ${String(error)}`);
      },
    );
  });
}

async function answer(hooks: ProxyHooks, request: IncomingMessage): Promise<string> {
  const text = await bodyOf(request);
  let parsed: Call | Call[];
  try {
    parsed = JSON.parse(text) as Call | Call[];
  } catch {
    return JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32_700, message: 'no JSON' } });
  }
  const calls = (Array.isArray(parsed) ? parsed : [parsed]).filter((call) => typeof call === 'object' && call !== null);
  const final = `0x${hooks.final().toString(16)}`;
  for (const call of calls) call.params = withFinal(call.params, final);
  const body = JSON.stringify(parsed);
  const uses = (pattern: RegExp): boolean => calls.some(({ method }) => pattern.test(String(method)));
  const result = await (uses(MEDDLING) ? hooks.alone(() => hooks.forward(body)) : hooks.forward(body));
  if (uses(MEDDLING)) hooks.chainChanged();
  if (uses(SENDING)) hooks.transactionSent();
  return result;
}

/** Block tags that anvil answers by counting slots: here they mean what is on disk. */
function withFinal(params: unknown, final: string): unknown {
  if (!Array.isArray(params)) return params;
  const tag = (value: unknown): unknown => (value === 'finalized' || value === 'safe' ? final : value);
  return params.map((param: unknown) => {
    if (typeof param !== 'object' || param === null || !('fromBlock' in param || 'toBlock' in param)) return tag(param);
    return Object.fromEntries(Object.entries(param).map(([key, value]) => [key, tag(value)]));
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_BODY) throw new Error(`a body of at most ${LARGEST_BODY} bytes is wanted`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { XinlianError, type ErrorCode } from '../../../node/core/errors.ts';
import { systemClock } from '../../../node/chain/clock.ts';
import { JsonRpc, type JsonRpcOptions } from '../../../node/chain/rpc.ts';
import { silent } from '../../helpers/consortium-on-anvil.ts';

interface Call {
  id: number;
  method: string;
}

interface FakeEngine {
  url: string;
  /** Every HTTP body that came. */
  bodies: (Call | Call[])[];
  server: Server;
}

async function codeOf(promise: Promise<unknown>): Promise<ErrorCode> {
  try {
    await promise;
  } catch (error) {
    if (XinlianError.is(error)) return error.code;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('JSON-RPC client', () => {
  const engines: FakeEngine[] = [];
  const clients: JsonRpc[] = [];

  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    for (const { server } of engines.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  /** An engine that answers each method from a table; a string stands for a whole HTTP body. */
  async function engine(answers: Record<string, unknown> | string): Promise<FakeEngine> {
    const bodies: (Call | Call[])[] = [];
    const server = createServer((request, response) => {
      void (async () => {
        const body = JSON.parse(await new Response(request as never).text()) as Call | Call[];
        bodies.push(body);
        if (typeof answers === 'string') {
          response.writeHead(502).end(answers);
          return;
        }
        const reply = ({ id, method }: Call): object =>
          method in answers
            ? { jsonrpc: '2.0', id, result: answers[method] }
            : { jsonrpc: '2.0', id, error: { code: -32_601, message: `no ${method}`, data: '0x01' } };
        // In another order than asked: answers belong to their ids.
        response.end(JSON.stringify(Array.isArray(body) ? body.map(reply).reverse() : reply(body)));
      })();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const made = { url: `http://127.0.0.1:${port}`, bodies, server };
    engines.push(made);
    return made;
  }

  function client(options: JsonRpcOptions): JsonRpc {
    const made = new JsonRpc(options, { clock: systemClock, log: silent });
    clients.push(made);
    return made;
  }

  it('sends calls of one turn together, and gives each its own answer', async () => {
    const { url, bodies } = await engine({ a: 1, b: [2], c: null });
    const rpc = client({ endpoints: [url], batch: 2 });
    expect(await Promise.all(['a', 'b', 'c'].map((method) => rpc.request(method, [])))).to.deep.equal([1, [2], null]);
    expect(bodies.map((body) => (Array.isArray(body) ? body.length : 1))).to.have.members([2, 1]);
  });

  it('hands on what the engine refuses, and only that', async () => {
    const { url } = await engine({ a: 1 });
    const rpc = client({ endpoints: [url] });
    const [good, bad] = await Promise.allSettled([rpc.request('a', []), rpc.request('nonsense', [])]);
    expect(good.status).to.equal('fulfilled');
    const { reason } = bad as PromiseRejectedResult;
    expect(XinlianError.is(reason, 'CHAIN_REFUSED') && reason.details).to.deep.equal({
      method: 'nonsense',
      code: -32_601,
      message: 'no nonsense',
      data: '0x01',
    });
  });

  it('goes to the next endpoint where one is away or speaks no JSON, and stays there', async () => {
    const away = await engine({});
    away.server.close();
    const proxyPage = await engine('<html>bad gateway</html>');
    const good = await engine({ a: 1 });
    const rpc = client({ endpoints: [away.url, proxyPage.url, good.url] });
    expect(await rpc.request('a', [])).to.equal(1);
    expect(await rpc.request('a', [])).to.equal(1);
    expect(proxyPage.bodies).to.have.length(1);
    expect(good.bodies).to.have.length(2);
  });

  it('fails where no endpoint is left', async () => {
    const rpc = client({ endpoints: [(await engine('nothing')).url] });
    expect(await codeOf(rpc.request('a', []))).to.equal('CHAIN_UNREACHABLE');
  });

  it('refuses another chain, and an endpoint that turns into one', async () => {
    const answers: Record<string, unknown> = { eth_chainId: '0x7', a: 1 };
    const changing = await engine(answers);
    const rpc = client({ endpoints: [changing.url], chainId: 7, restMs: 0 });
    expect(await rpc.request('a', [])).to.equal(1);
    await Promise.all([rpc.request('a', []), rpc.request('a', [])]);
    expect(changing.bodies.flat().filter(({ method }) => method === 'eth_chainId')).to.have.length(1);
    const foreign = client({ endpoints: [changing.url], chainId: 8 });
    expect(await codeOf(foreign.request('a', []))).to.equal('CHAIN_WRONG');
  });

  it('changes over from an endpoint that lags', async () => {
    const lagging = await engine({ eth_blockNumber: '0x10', a: 'lagging' });
    const fresh = await engine({ eth_blockNumber: '0x20', a: 'fresh' });
    const rpc = client({ endpoints: [lagging.url, fresh.url] });
    await rpc.compareHeads(100);
    expect(await rpc.request('a', [])).to.equal('lagging');
    await rpc.compareHeads(2);
    expect(await rpc.request('a', [])).to.equal('fresh');
  });

  it('does not go back to one that was contradicted, even where no other is left', async () => {
    const liar = await engine({ a: 'lie' });
    const other = await engine({ a: 'truth' });
    const rpc = client({ endpoints: [liar.url, other.url] });
    expect(await rpc.request('a', [])).to.equal('lie');
    rpc.leave('contradicted');
    expect(await rpc.request('a', [])).to.equal('truth');
    other.server.close();
    other.server.closeAllConnections();
    expect(await codeOf(rpc.request('a', []))).to.equal('CHAIN_UNREACHABLE');
    expect(rpc.status().map(({ state }) => state)).to.deep.equal(['contradicted', 'failed']);
  });

  it('uses the only one that there is, whatever it was caught at', async () => {
    const only = await engine({ a: 1 });
    const rpc = client({ endpoints: [only.url] });
    rpc.leave('contradicted');
    expect(await rpc.request('a', [])).to.equal(1);
  });

  it('asks each endpoint by itself', async () => {
    const [one, two] = [await engine({ a: 'one' }), await engine({ a: 'two' })];
    const rpc = client({ endpoints: [one.url, two.url] });
    const said = await Promise.all(rpc.witnesses().map((witness) => witness.request('a', [])));
    expect(said).to.deep.equal(['one', 'two']);
    expect(await codeOf(rpc.witnesses()[1]!.request('b', []))).to.equal('CHAIN_REFUSED');
    expect(rpc.status().map(({ state }) => state)).to.deep.equal(['in use', 'ready']);
  });

  it('times out, and stops when told', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    engines.push({ url: '', bodies: [], server });
    const rpc = client({ endpoints: [`http://127.0.0.1:${port}`], timeoutMs: 50 });
    expect(await codeOf(rpc.request('a', []))).to.equal('CHAIN_UNREACHABLE');
    const patient = client({ endpoints: [`http://127.0.0.1:${port}`] });
    const abort = new AbortController();
    const call = patient.request('a', [], abort.signal);
    abort.abort();
    expect(await codeOf(call)).to.equal('CANCELLED');
    const last = patient.request('a', []);
    setImmediate(() => patient.close());
    expect(await codeOf(last)).to.equal('CANCELLED');
  });

  it('refuses addresses that are none', () => {
    for (const endpoints of [[], ['chain'], ['ftp://chain.example/']]) {
      expect(() => client({ endpoints }))
        .to.throw(XinlianError)
        .with.property('code', 'CONFIG_INVALID');
    }
  });
});

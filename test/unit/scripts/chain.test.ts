import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { systemClock } from '../../../node/chain/clock.ts';
import { JsonRpc } from '../../../node/chain/rpc.ts';
import type { Submitter } from '../../../node/chain/submitter.ts';
import { freePort } from '../../../scripts/free-port.ts';
import { TEST_CHAIN_ID } from '../../helpers/anvil.ts';
import { accountOf, silent, submitterOf } from '../../helpers/consortium-on-anvil.ts';

/** Creation code of a contract that logs one topic whenever it is called. */
const LOGGING = '0x67600160006000a10060005260086018f3';

interface Block {
  number: string;
  hash: string;
  parentHash: string;
  timestamp: string;
}

describe('the sandbox chain', () => {
  let data: string;
  let port: number;
  let rpc: JsonRpc;
  let submitter: Submitter;
  let running: ChildProcess | undefined;

  beforeEach(async () => {
    data = mkdtempSync(join(tmpdir(), 'chain-'));
    port = await freePort(0);
    const endpoints = [`http://127.0.0.1:${port}`];
    rpc = new JsonRpc({ endpoints, chainId: TEST_CHAIN_ID }, { clock: systemClock, log: silent });
    submitter = submitterOf(rpc, accountOf('without any money'));
  });

  afterEach(async () => {
    rpc.close();
    if (running) await end('SIGTERM');
    rmSync(data, { recursive: true, force: true });
  });

  async function start(...args: string[]): Promise<{ block: number; accounts: string[] }> {
    running = spawn(process.execPath, ['scripts/chain.ts', '--data', data, '--port', String(port), ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(createInterface({ input: running.stdout! }), 'line')) as [string];
    return JSON.parse(line) as { block: number; accounts: string[] };
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    const child = running!;
    running = undefined;
    child.kill(signal);
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  }

  function engine(): number {
    return (JSON.parse(readFileSync(join(data, 'processes.json'), 'utf8')) as { engine: number }).engine;
  }

  function isRunning(pid: number): boolean {
    const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
    // A zombie is dead, and only not yet fetched by its parent.
    return stdout !== '' && !stdout.startsWith('Z');
  }

  async function block(tag: string): Promise<Block> {
    return rpc.request<Block>('eth_getBlockByNumber', [tag, false]);
  }

  /** Asks again until it is so; the process at the other end tells nothing by itself. */
  async function untilTrue(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition().catch(() => false))) await systemClock.sleep(20);
  }

  async function everythingFinal(): Promise<Block> {
    await untilTrue(async () => (await block('latest')).hash === (await block('finalized')).hash);
    return block('finalized');
  }

  async function logAFew(): Promise<{ contract: string; blocks: number[] }> {
    const { contract } = await submitter.submit({ data: LOGGING });
    const blocks: number[] = [];
    for (let i = 0; i < 3; i++) blocks.push((await submitter.submit({ to: contract!, data: '0x' })).block);
    return { contract: contract!, blocks };
  }

  for (const [title, signal, code] of [
    ['ends on SIGTERM and comes back with the whole chain', 'SIGTERM', 0],
    ['loses nothing that was final to kill -9', 'SIGKILL', null],
  ] as const) {
    it(title, async () => {
      const { accounts } = await start();
      expect(accounts).to.have.length(10);
      const { contract, blocks } = await logAFew();
      const final = await everythingFinal();
      const orphan = engine();
      expect(await end(signal)).to.equal(code);

      const { block: restored } = await start();
      expect(isRunning(orphan)).to.equal(false);
      expect(restored).to.be.at.least(Number(final.number));
      expect((await block(final.number)).hash).to.equal(final.hash);
      const logs = await rpc.request<{ blockNumber: string }[]>('eth_getLogs', [
        { fromBlock: '0x0', toBlock: 'finalized', address: contract },
      ]);
      expect(logs.map(({ blockNumber }) => Number(blockNumber))).to.deep.equal(blocks);
      const receipts = await rpc.request<unknown[]>('eth_getBlockReceipts', [`0x${blocks[0]!.toString(16)}`]);
      expect(receipts).to.have.length(1);

      const mined = await submitter.submit({ to: contract as `0x${string}`, data: '0x' });
      expect(mined.block).to.be.greaterThan(Number(final.number));
      const latest = await block('latest');
      expect(Number(latest.timestamp)).to.be.at.least(Number(final.timestamp));
      expect(Math.abs(Number(latest.timestamp) - Date.now() / 1000)).to.be.below(10);
    });
  }

  it('starts the engine again when that is killed, with what was final', async () => {
    await start();
    const { contract } = await logAFew();
    const final = await everythingFinal();
    process.kill(engine(), 'SIGKILL');
    await untilTrue(async () => (await block(final.number)).hash === final.hash);
    const mined = await submitter.submit({ to: contract as `0x${string}`, data: '0x' });
    expect(mined.block).to.be.greaterThan(Number(final.number));
  });

  it('falls back to the older dump where the newest is torn, and refuses to start afresh', async () => {
    await start();
    await logAFew();
    await everythingFinal();
    await logAFew();
    const final = await everythingFinal();
    await end('SIGTERM');
    const dumps = readdirSync(data)
      .filter((name) => name.startsWith('state-'))
      .sort();
    expect(dumps).to.have.length(2);
    truncateSync(join(data, dumps[1]!), 100);
    const { block: restored } = await start();
    expect(restored).to.be.greaterThan(0);
    expect(restored).to.be.at.most(Number(final.number));
    await end('SIGTERM');
    for (const name of readdirSync(data).filter((name) => name.startsWith('state-'))) {
      writeFileSync(join(data, name), 'torn');
    }
    const child = spawn(process.execPath, ['scripts/chain.ts', '--data', data, '--port', String(port)]);
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).to.equal(1);
  });

  it('mines a block when nothing happens', async () => {
    await start('--heartbeat', '1');
    const first = await block('latest');
    await untilTrue(async () => (await block('latest')).number > first.number);
  });

  it('does not let two run on one directory', async () => {
    await start();
    const child = spawn(process.execPath, ['scripts/chain.ts', '--data', data, '--port', '0']);
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).to.equal(1);
    expect(isRunning(engine())).to.equal(true);
  });

  it('answers a batch, and turns browsers away', async () => {
    await start();
    const url = `http://127.0.0.1:${port}`;
    const call = { jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] };
    const body = JSON.stringify([call, { ...call, id: 2 }]);
    const answer = (await (await fetch(url, { method: 'POST', body })).json()) as unknown[];
    expect(answer).to.have.length(2);
    const foreign = await fetch(url, { method: 'POST', body, headers: { origin: 'https://elsewhere.example' } });
    expect(foreign.status).to.equal(403);
  });
});

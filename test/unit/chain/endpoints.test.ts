// A node with several endpoints, of which one has a fault.
import { expect } from 'chai';
import { systemClock } from '../../../node/chain/clock.ts';
import type { ChainChange } from '../../../node/chain/events.ts';
import { Follower, type FollowerOptions } from '../../../node/chain/follower.ts';
import { MemoryChainStore } from '../../../node/chain/memory-store.ts';
import { JsonRpc, type JsonRpcOptions } from '../../../node/chain/rpc.ts';
import { toHex } from '../../../node/core/bytes.ts';
import { TEST_CHAIN_ID } from '../../helpers/anvil.ts';
import { digest, silent, TestConsortium, until } from '../../helpers/consortium-on-anvil.ts';
import { FaultProxy } from '../../helpers/fault-proxy.ts';

const FINALITY = { kind: 'depth', depth: 3 } as const;

describe('a node with several endpoints', () => {
  let consortium: TestConsortium;
  const proxies: FaultProxy[] = [];
  const running: { rpc: JsonRpc; follower: Follower }[] = [];

  beforeEach(async () => (consortium = await TestConsortium.start()));
  afterEach(async () => {
    for (const { rpc, follower } of running.splice(0)) {
      await follower.stop();
      rpc.close();
    }
    for (const proxy of proxies.splice(0)) await proxy.stop();
    await consortium.stop();
  });

  /** Proxies in front of the one engine; the first is the one in use. */
  async function endpoints(count: number): Promise<FaultProxy[]> {
    for (let i = 0; i < count; i++) proxies.push(await FaultProxy.start(consortium.anvil.url));
    return proxies;
  }

  interface Node {
    rpc: JsonRpc;
    follower: Follower;
    alarms: string[];
    changes: ChainChange[];
  }

  async function node(options: Partial<JsonRpcOptions> = {}, more: Partial<FollowerOptions> = {}): Promise<Node> {
    const alarms: string[] = [];
    const log = { ...silent, error: (_: object, message: string) => void alarms.push(message) };
    const rpc = new JsonRpc(
      { endpoints: proxies.map(({ url }) => url), chainId: TEST_CHAIN_ID, timeoutMs: 300, restMs: 200, ...options },
      { clock: systemClock, log },
    );
    const follower = await Follower.open(
      { contracts: consortium.contracts, finality: FINALITY, pollMs: 20, patienceMs: 100, ...more },
      { rpc, store: new MemoryChainStore(), clock: systemClock, log },
    );
    running.push({ rpc, follower });
    const changes: ChainChange[] = [];
    follower.view.subscribe((change) => changes.push(change));
    follower.start();
    return { rpc, follower, alarms, changes };
  }

  async function head(): Promise<number> {
    return Number(await consortium.anvil.call('eth_blockNumber'));
  }

  /** Opens a log and anchors it, and mines until that is final. */
  async function anchor(name: string): Promise<void> {
    const writer = consortium.writer(consortium.bodies[0]!);
    const { log } = await writer.registerLog(toHex(digest(name)));
    await writer.anchor({ log, size: 1, root: digest('root'), proof: [] });
    await consortium.mine(FINALITY.depth);
  }

  async function truth(): Promise<unknown[]> {
    const follower = await consortium.follower({ finality: FINALITY });
    follower.start();
    await follower.caughtUp();
    return [follower.view.members(), follower.view.logs()];
  }

  function seen({ follower: { view } }: Node): unknown[] {
    return [view.members(), view.logs()];
  }

  async function hashOf(number: number): Promise<string> {
    const block = await consortium.anvil.call<{ hash: string }>(
      'eth_getBlockByNumber',
      `0x${number.toString(16)}`,
      false,
    );
    return block.hash;
  }

  it('leaves one that tells another chain, and shows nothing of that as final', async () => {
    const [liar] = await endpoints(3);
    const honest = await node();
    await honest.follower.caughtUp();
    liar!.fault = { kind: 'lie', from: (await head()) + 1 };
    await anchor('contested');
    await until(honest.follower, () => honest.follower.view.logs().some(({ final }) => final !== undefined));
    expect(seen(honest)).to.deep.equal(await truth());
    expect(honest.rpc.status().map(({ state }) => state)).to.deep.equal(['contradicted', 'in use', 'ready']);
    expect(honest.alarms).to.have.length(1);
    for (const { blockHash, block } of honest.changes.flatMap(({ finalised }) => finalised)) {
      expect(blockHash).to.equal(await hashOf(block));
    }
  });

  it('leaves one that hides events, and shows them', async () => {
    const [hiding] = await endpoints(3);
    const honest = await node();
    await honest.follower.caughtUp();
    hiding!.fault = { kind: 'hide' };
    await anchor('hidden');
    await until(honest.follower, () => honest.follower.view.logs().some(({ final }) => final !== undefined));
    expect(seen(honest)).to.deep.equal(await truth());
    expect(honest.rpc.status()[0]?.state).to.equal('contradicted');
  });

  it('finds the one that hides events while it catches up over ranges', async () => {
    const [hiding] = await endpoints(3);
    await anchor('old');
    await consortium.mine(60);
    hiding!.fault = { kind: 'hide' };
    const honest = await node({}, { batchBlocks: 4, rangeBlocks: 16 });
    await honest.follower.caughtUp();
    expect(seen(honest)).to.deep.equal(await truth());
    expect(honest.rpc.status()[0]?.state).to.equal('contradicted');
  });

  it('makes nothing final where two contradict each other, says so, and goes on when they agree', async () => {
    const [liar] = await endpoints(2);
    const honest = await node();
    await honest.follower.caughtUp();
    const contested = (await head()) + 1;
    liar!.fault = { kind: 'lie', from: contested };
    await anchor('disputed');
    while (honest.follower.status.disputed === undefined) await systemClock.sleep(10);
    expect(honest.alarms).to.have.length(1);
    await systemClock.sleep(300);
    expect(honest.follower.view.final()).to.be.below(contested);
    expect(honest.alarms).to.have.length(1);
    liar!.fault = { kind: 'none' };
    await consortium.mine();
    await until(honest.follower, () => honest.follower.view.logs().some(({ final }) => final !== undefined));
    expect(honest.follower.status.disputed).to.equal(undefined);
    expect(seen(honest)).to.deep.equal(await truth());
  });

  it('believes what was final, and not the endpoint in use that tells it anew', async () => {
    const [liar] = await endpoints(2);
    const honest = await node();
    await honest.follower.caughtUp();
    await consortium.mine(10);
    await until(honest.follower, () => honest.follower.view.final() > 8);
    liar!.fault = { kind: 'lie', from: 5 };
    await anchor('after');
    await until(honest.follower, () => honest.follower.view.logs().some(({ final }) => final !== undefined));
    expect(honest.changes.some(({ finalityBroken }) => finalityBroken)).to.equal(false);
    expect(seen(honest)).to.deep.equal(await truth());
    expect(honest.rpc.status()[0]?.state).to.equal('contradicted');
  });

  it('leaves one that contradicts what was final, though it is not in use and nobody breaks the tie', async () => {
    const [, liar] = await endpoints(2);
    const honest = await node();
    await consortium.mine(10);
    await until(honest.follower, () => honest.follower.view.final() > 8);
    liar!.fault = { kind: 'lie', from: 5 };
    await consortium.mine(2);
    while (honest.rpc.status()[1]?.state !== 'contradicted') await systemClock.sleep(10);
    expect(honest.follower.status.disputed).to.equal(undefined);
    await anchor('after');
    await until(honest.follower, () => honest.follower.view.logs().some(({ final }) => final !== undefined));
    expect(seen(honest)).to.deep.equal(await truth());
  });

  it('leaves one that names a head which nobody has', async () => {
    const [boaster] = await endpoints(2);
    const honest = await node();
    await honest.follower.caughtUp();
    boaster!.fault = { kind: 'boast' };
    await anchor('behind the boast');
    await until(honest.follower, () => honest.follower.view.logs().some(({ final }) => final !== undefined));
    expect(seen(honest)).to.deep.equal(await truth());
    while (honest.rpc.status()[0]?.state !== 'contradicted') await systemClock.sleep(10);
  });

  it('is not moved to one that boasts, and left alone with it', async () => {
    const [, boaster] = await endpoints(3);
    boaster!.fault = { kind: 'boast' };
    const honest = await node();
    await honest.follower.caughtUp();
    await honest.rpc.compareHeads(2);
    await anchor('beside the boast');
    await until(honest.follower, () => honest.follower.view.logs().some(({ final }) => final !== undefined));
    expect(seen(honest)).to.deep.equal(await truth());
  });

  for (const kind of ['drop', 'hang', 'duplicate'] as const) {
    it(`goes on with another where one ${kind}s`, async () => {
      const [faulty] = await endpoints(3);
      const honest = await node();
      await honest.follower.caughtUp();
      faulty!.fault = { kind };
      await anchor(kind);
      await until(honest.follower, () => honest.follower.view.logs().some(({ final }) => final !== undefined));
      expect(seen(honest)).to.deep.equal(await truth());
      expect(honest.alarms).to.deep.equal([]);
      expect(honest.rpc.status()[1]?.state).to.equal('in use');
    });
  }

  it('changes over from one that lags', async () => {
    const [lagging] = await endpoints(2);
    const honest = await node();
    await honest.follower.caughtUp();
    lagging!.fault = { kind: 'lag', at: await head() };
    await anchor('late');
    await honest.rpc.compareHeads(2);
    await until(honest.follower, () => honest.follower.view.logs().some(({ final }) => final !== undefined));
    expect(honest.rpc.status().map(({ state }) => state)).to.deep.equal(['ready', 'in use']);
    expect(seen(honest)).to.deep.equal(await truth());
  });

  it('waits for a second before it believes one alone', async () => {
    const [, away] = await endpoints(2);
    await consortium.mine(FINALITY.depth);
    away!.fault = { kind: 'drop' };
    const patient = await node({}, { patienceMs: 60_000 });
    await patient.follower.caughtUp();
    await systemClock.sleep(300);
    expect(patient.follower.view.final()).to.equal(-1);
    const impatient = await node();
    await until(impatient.follower, () => impatient.follower.view.final() > 0);
    away!.fault = { kind: 'none' };
    await consortium.mine(3);
    await until(patient.follower, () => patient.follower.view.final() > 0);
  });
});

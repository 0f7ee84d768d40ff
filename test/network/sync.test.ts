// Nodes that read the chain late, in other ways and from another engine, come to the same state.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../node/chain/clock.ts';
import { deployConsortium, passByVote } from '../../node/chain/deploy.ts';
import type { ConsortiumContracts } from '../../node/chain/events.ts';
import { Follower } from '../../node/chain/follower.ts';
import { MemoryChainStore } from '../../node/chain/memory-store.ts';
import { JsonRpc } from '../../node/chain/rpc.ts';
import { Submitter } from '../../node/chain/submitter.ts';
import { ChainWriter } from '../../node/chain/writer.ts';
import { toHex, type Hex } from '../../node/core/bytes.ts';
import type { ValidatorNetwork } from '../../scripts/validators/network.ts';
import { bodyOf, digest, silent, until } from '../helpers/consortium-on-anvil.ts';
import { startValidators } from '../helpers/network/consortium-on-validators.ts';

const BLOCKS = 1_000;

describe('a chain of more than a thousand blocks', () => {
  const bodies = [0, 1, 2].map((n) => bodyOf(n));
  let data: string;
  let network: ValidatorNetwork;
  let rpc: JsonRpc;
  let contracts: ConsortiumContracts;
  const followers: Follower[] = [];

  before(async () => {
    data = await mkdtemp(join(tmpdir(), 'xinlian-network-'));
    // Alone and without a period, a validator seals a block for each transaction at once: a thousand take seconds.
    network = await startValidators(data, 1, 0);
    rpc = client(network.validator(0).url);
    await network.fund(bodies.map(({ signer }) => signer.address));
    const founders = bodies.map(({ admission }) => admission);
    const deployment = toHex(randomBytes(32));
    contracts = await deployConsortium(
      { chainId: network.chainId, deployment, founders, threshold: 2 },
      submitterOf(0),
    );
  });
  after(async () => {
    for (const follower of followers) await follower.stop();
    (rpc as JsonRpc | undefined)?.close();
    await (network as ValidatorNetwork | undefined)?.stop();
    await rm(data, { recursive: true, force: true });
  });

  function client(url: string): JsonRpc {
    return new JsonRpc({ endpoints: [url], chainId: network.chainId }, { clock: systemClock, log: silent });
  }

  function submitterOf(n: number): Submitter {
    const dependencies = { rpc, signer: bodies[n]!.signer, clock: systemClock, log: silent, random: Math.random };
    return new Submitter({ chainId: network.chainId, tip: 1n }, dependencies);
  }

  async function follow(over: JsonRpc, store = new MemoryChainStore()): Promise<Follower> {
    const follower = await Follower.open(
      { contracts, finality: { kind: 'depth', depth: 1 }, pollMs: 50 },
      { rpc: over, store, clock: systemClock, log: silent },
    );
    followers.push(follower);
    follower.start();
    return follower;
  }

  it('is the same to one that followed it, to one that was behind, and to one that begins, on a new engine', async () => {
    const writer = new ChainWriter(contracts, submitterOf(0));
    const { log } = await writer.registerLog(toHex(digest('scope')));
    const store = new MemoryChainStore();
    const always = await follow(rpc);
    const behind = await follow(rpc, store);
    await until(behind, () => behind.view.log(log) !== undefined);
    await behind.stop();
    const left = behind.view.head()?.number ?? 0;

    await writer.anchor({ log, size: 1, root: digest('root'), proof: [] });
    const council = [submitterOf(1), submitterOf(2)];
    const suspend = { call: 'suspend', member: bodies[0]!.id, reason: toHex(digest('reason')) } as const;
    for (let n = 0; n < BLOCKS; n++) await network.fund([bodies[n % 3]!.signer.address]);
    await passByVote(contracts, suspend, council);
    await passByVote(contracts, { call: 'admit', admission: bodyOf(7, ['bank']).admission }, council);
    const head = await network.validator(0).head();
    expect(head - left).to.be.above(BLOCKS);

    const again = await follow(rpc, store);
    const joined = await network.join();
    const overJoined = client(joined.url);
    await network.until(async () => (await joined.head()) === head);
    const fresh = await follow(overJoined);
    const digests: (Hex | undefined)[] = [];
    for (const follower of [always, again, fresh]) {
      await until(follower, () => follower.view.final() === head);
      digests.push(follower.view.finalDigest());
    }
    expect(digests[0]).to.match(/^0x[0-9a-f]{64}$/);
    expect(digests[1]).to.equal(digests[0]);
    expect(digests[2]).to.equal(digests[0]);
    expect(fresh.view.member(bodies[0]!.id)?.status).to.equal('suspended');
    expect(fresh.view.members()).to.have.length(4);
    overJoined.close();
  });
});

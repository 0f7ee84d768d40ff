import { expect } from 'chai';
import { toHex } from '../../../node/core/bytes.ts';
import type { ChainChange, ChainEvent } from '../../../node/chain/events.ts';
import { passByVote } from '../../../node/chain/deploy.ts';
import { MemoryChainStore } from '../../../node/chain/memory-store.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { bodyOf, digest, TestConsortium, until, warned } from '../../helpers/consortium-on-anvil.ts';

const SCOPE = toHex(digest('scope'));
const REASON = toHex(digest('reason'));

describe('follower', () => {
  let consortium: TestConsortium;
  beforeEach(async () => (consortium = await TestConsortium.start()));
  afterEach(() => consortium.stop());

  function placeOf(event: ChainEvent): string {
    return `${event.block}/${event.blockHash}/${event.logIndex}`;
  }

  it('shows members and anchors, and tells its listeners', async () => {
    const [first] = consortium.bodies;
    const follower = await consortium.follower();
    const told: ChainChange[] = [];
    follower.view.subscribe((change) => told.push(change));
    follower.start();
    await follower.caughtUp();
    expect(follower.view.members().map(({ id }) => id)).to.have.members(consortium.bodies.map(({ id }) => id));

    const writer = consortium.writer(first!);
    const { log } = await writer.registerLog(SCOPE);
    const { transaction, block } = await writer.anchor({ log, size: 3, root: digest('root'), proof: [] });
    await until(follower, () => follower.view.log(log)?.final !== undefined);

    const state = follower.view.openLog(first!.id, SCOPE);
    expect(state).to.deep.include({ id: log, owner: first!.id, closed: false, ordinal: 0 });
    expect(state?.head).to.deep.equal(state?.final);
    expect(state?.head).to.deep.include({ size: 3, root: new Uint8Array(digest('root')), block, transaction });
    expect(told.flatMap(({ events }) => events).map(({ type }) => type)).to.include('Anchored');
    expect(follower.view.memberByPeer(digest('node 0'))?.id).to.equal(first!.id);
    expect(follower.view.memberByPeer(digest('node 9'))).to.equal(undefined);
    expect(follower.view.memberByAccount(first!.signer.address.toLowerCase())?.id).to.equal(first!.id);
  });

  it('takes back what a reorganisation reverted, and tells its listeners', async () => {
    const [first] = consortium.bodies;
    const follower = await consortium.follower({ finality: { kind: 'depth', depth: 20 } });
    follower.start();
    const { log } = await consortium.writer(first!).registerLog(SCOPE);
    await consortium.mine(25);
    const snapshot = await consortium.anvil.call<string>('evm_snapshot');
    await consortium.writer(first!).anchor({ log, size: 5, root: digest('lost'), proof: [] });
    await consortium.mine(2);
    await until(follower, () => follower.view.log(log)?.head?.size === 5);
    expect(follower.view.log(log)?.final).to.equal(undefined);

    const undone: ChainEvent[] = [];
    follower.view.subscribe((change) => undone.push(...change.undone));
    await consortium.anvil.call('evm_revert', snapshot);
    await consortium.writer(first!).anchor({ log, size: 7, root: digest('other'), proof: [] });
    await consortium.mine(4);
    await until(follower, () => follower.view.log(log)?.head?.size === 7);

    expect(undone.map((event) => event.type === 'Anchored' && event.size)).to.deep.equal([5]);
    await consortium.mine(20);
    await until(follower, () => follower.view.log(log)?.final?.size === 7);
  });

  it('raises the alarm when a final block is replaced, and follows the new chain', async () => {
    const [first] = consortium.bodies;
    const follower = await consortium.follower();
    follower.start();
    const { log } = await consortium.writer(first!).registerLog(SCOPE);
    const snapshot = await consortium.anvil.call<string>('evm_snapshot');
    await consortium.writer(first!).anchor({ log, size: 5, root: digest('lost'), proof: [] });
    await until(follower, () => follower.view.log(log)?.final?.size === 5);
    const changes: ChainChange[] = [];
    follower.view.subscribe((change) => changes.push(change));
    await consortium.anvil.call('evm_revert', snapshot);
    await consortium.anvil.call('evm_increaseTime', 100);
    await consortium.writer(first!).anchor({ log, size: 7, root: digest('other'), proof: [] });
    await until(follower, () => follower.view.log(log)?.final?.size === 7);
    expect(changes.filter(({ finalityBroken }) => finalityBroken)).to.have.length(1);
    expect(follower.view.members()).to.have.length(3);
  });

  it('sees nothing twice and misses nothing across restarts', async () => {
    const [first] = consortium.bodies;
    const writer = consortium.writer(first!);
    const store = new MemoryChainStore();
    const seen: string[] = [];
    const anchored: number[] = [];
    const { log } = await writer.registerLog(SCOPE);
    for (let size = 1; size <= 6; size++) {
      const follower = await consortium.follower({ finality: { kind: 'depth', depth: 3 }, snapshotEvery: 4 }, store);
      follower.view.subscribe(({ events }) => {
        for (const event of events) {
          seen.push(placeOf(event));
          if (event.type === 'Anchored') anchored.push(event.size);
        }
      });
      follower.start();
      // A new log each time: a proof of extension is not this test's matter.
      const successor = await writer.replaceLog(follower.view.openLog(first!.id, SCOPE)?.id ?? log);
      await writer.anchor({ log: successor.log, size, root: digest(`root ${size}`), proof: [] });
      await consortium.mine(2);
      await until(follower, () => follower.view.log(successor.log)?.head?.size === size);
      await follower.stop();
      const before = follower.view;
      const again = await consortium.follower({ finality: { kind: 'depth', depth: 3 } }, store);
      expect(again.view.head()).to.deep.equal(before.head());
      expect(again.view.members()).to.deep.equal(before.members());
      expect(again.view.logs()).to.deep.equal(before.logs());
      // Mined while nobody follows.
      await consortium.mine(1);
    }
    expect(anchored).to.deep.equal([1, 2, 3, 4, 5, 6]);
    expect(new Set(seen).size).to.equal(seen.length);
  });

  it('catches up over ranges with the same result as block by block', async () => {
    const [first, second] = consortium.bodies;
    const { log } = await consortium.writer(first!).registerLog(SCOPE);
    await consortium.mine(40);
    await consortium.writer(first!).anchor({ log, size: 2, root: digest('two'), proof: [] });
    await consortium.writer(second!).rotateKey('checkpoint', digest('rotated'));
    await consortium.mine(60);
    const ranges = await consortium.follower({ batchBlocks: 4, rangeBlocks: 16 });
    const singly = await consortium.follower({ batchBlocks: 1_000 });
    for (const follower of [ranges, singly]) {
      follower.start();
      await follower.caughtUp();
    }
    expect(ranges.view.members()).to.deep.equal(singly.view.members());
    expect(ranges.view.logs()).to.deep.equal(singly.view.logs());
    expect(ranges.view.head()).to.deep.equal(singly.view.head());
    expect(ranges.view.finalDigest()).to.match(/^0x[0-9a-f]{64}$/);
    expect(ranges.view.finalDigest()).to.equal(singly.view.finalDigest());
    const before = singly.view.finalDigest();
    await consortium.writer(second!).rotateKey('checkpoint', digest('rotated again'));
    const { number = 0 } = singly.view.head() ?? {};
    await until(singly, () => singly.view.final() > number);
    expect(singly.view.finalDigest()).to.not.equal(before);
  });

  it('goes on when the chain was away', async () => {
    const [first] = consortium.bodies;
    const { log: warnings, warning } = warned();
    const follower = await consortium.follower({}, undefined, warnings);
    follower.start();
    await follower.caughtUp();
    consortium.anvil.pause();
    await warning;
    expect(XinlianError.is(follower.status.fault, 'CHAIN_UNREACHABLE')).to.equal(true);
    consortium.anvil.resume();
    const { log } = await consortium.writer(first!).registerLog(SCOPE);
    await until(follower, () => follower.view.log(log) !== undefined);
  });

  it('refuses the contracts of another consortium', async () => {
    const foreign = { ...consortium.contracts, deployment: REASON };
    const { log, warning } = warned();
    const follower = await consortium.follower({ contracts: foreign }, undefined, log);
    follower.start();
    await warning;
    expect(XinlianError.is(follower.status.fault, 'CHAIN_WRONG')).to.equal(true);
    expect(follower.view.head()).to.equal(undefined);
  });

  describe('entitlement', () => {
    it('widens when final', async () => {
      const follower = await consortium.follower({ finality: { kind: 'depth', depth: 5 } });
      follower.start();
      const joining = bodyOf(7, ['bank']);
      await passByVote(consortium.contracts, { call: 'admit', admission: joining.admission }, consortium.council());
      await until(follower, () => follower.view.member(joining.id) !== undefined);
      expect(follower.view.isEntitledNow(joining.id)).to.equal(false);
      expect(follower.view.memberByPeer(digest('node 7'))).to.equal(undefined);
      await consortium.mine(5);
      await until(follower, () => follower.view.isEntitledNow(joining.id, ['bank']));
      expect(follower.view.isEntitledNow(joining.id, ['council'])).to.equal(false);
      expect(follower.view.memberByPeer(digest('node 7'))?.id).to.equal(joining.id);
    });

    it('narrows at first sight, and stays narrow after a reorganisation until a final event decides', async () => {
      const third = consortium.bodies[2]!;
      const store = new MemoryChainStore();
      const finality = { kind: 'depth', depth: 5 } as const;
      const follower = await consortium.follower({ finality }, store);
      follower.start();
      await consortium.mine(6);
      await until(follower, () => follower.view.isEntitledNow(third.id));
      const snapshot = await consortium.anvil.call<string>('evm_snapshot');
      const suspend = { call: 'suspend', member: third.id, reason: REASON } as const;
      await passByVote(consortium.contracts, suspend, consortium.council());
      await until(follower, () => follower.view.member(third.id)?.status === 'suspended');
      expect(follower.view.isEntitledNow(third.id)).to.equal(false);

      await consortium.anvil.call('evm_revert', snapshot);
      await consortium.anvil.call('evm_increaseTime', 100);
      await consortium.mine(12);
      await until(follower, () => follower.view.member(third.id)?.status === 'active');
      expect(follower.view.isEntitledNow(third.id)).to.equal(false);

      await follower.stop();
      const again = await consortium.follower({ finality }, store);
      expect(again.view.isEntitledNow(third.id)).to.equal(false);
      again.start();
      await passByVote(consortium.contracts, suspend, consortium.council());
      await passByVote(consortium.contracts, { call: 'resume', member: third.id }, consortium.council());
      await until(again, () => again.view.proposals().length === 0 && (again.view.head()?.number ?? 0) > 16);
      expect(again.view.isEntitledNow(third.id)).to.equal(false);
      await consortium.mine(6);
      await until(again, () => again.view.isEntitledNow(third.id));
    });

    it('stops taking a rotated key at first sight', async () => {
      const [first] = consortium.bodies;
      const follower = await consortium.follower({ finality: { kind: 'depth', depth: 5 } });
      follower.start();
      await consortium.mine(6);
      await until(follower, () => follower.view.memberByPeer(digest('node 0')) !== undefined);
      const { block } = await consortium.writer(first!).rotateKey('nodePeer', digest('new node'));
      await until(follower, () => (follower.view.head()?.number ?? 0) >= block);
      expect(follower.view.memberByPeer(digest('node 0'))).to.equal(undefined);
      expect(follower.view.memberByPeer(digest('new node'))).to.equal(undefined);
      await consortium.mine(5);
      await until(follower, () => follower.view.memberByPeer(digest('new node'))?.id === first!.id);
      expect(follower.view.memberByPeer(digest('node 0'))).to.equal(undefined);
    });
  });
});

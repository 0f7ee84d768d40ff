// What the view says of grants, made from events alone, is what the contract says at the head and at the final block, and
// what reorganisations took back, after any acts.
import * as fc from 'fast-check';
import { expect } from 'chai';
import { toHex, type Hex } from '../../node/core/bytes.ts';
import { ROLES, type GrantState } from '../../node/core/consortium.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { GrantHash } from '../../node/core/ids.ts';
import { artifact } from '../../node/chain/abi.ts';
import type { ChainChange } from '../../node/chain/events.ts';
import type { Follower } from '../../node/chain/follower.ts';
import { bodyOf, digest, TestConsortium, until, type Body } from '../helpers/consortium-on-anvil.ts';
import { GrantSigner, grantOf } from '../helpers/grants-on-anvil.ts';

const DEPTH = 8;
const ALL = [...ROLES];
const BODIES = [0, 1].map((n) => bodyOf(n, ALL));
const GRANTS = [0, 1, 2].map((n) => grantOf(`${n}`, BODIES[n % 2]!.id, { uses: n }));
const QUERIES = [0, 1, 2].map((n) => toHex(digest(`query ${n}`)));
const REASON = toHex(digest('reason'));

const KINDS = ['register', 'withdraw', 'withdrawFor', 'suspend', 'resume', 'consume', 'consumeFor'] as const;
interface GrantAct {
  kind: (typeof KINDS)[number];
  actor: number;
  grant: number;
  query: number;
}
type Act =
  { act: 'grants'; items: GrantAct[] } | { act: 'member'; suspend: boolean } | { act: 'reorganise'; depth: number };

const item: fc.Arbitrary<GrantAct> = fc.record({
  kind: fc.constantFrom(...KINDS, 'register' as const, 'consume' as const, 'consumeFor' as const),
  actor: fc.nat(1),
  grant: fc.nat(GRANTS.length - 1),
  query: fc.nat(QUERIES.length - 1),
});
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      act: fc.constant('grants' as const),
      items: fc.array(item, { minLength: 1, maxLength: 3 }),
    }),
  },
  fc.record({ act: fc.constant('member' as const), suspend: fc.boolean() }),
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('reorganise' as const), depth: fc.integer({ min: 1, max: DEPTH - 1 }) }),
  },
);

/** What was taken back, as the follower tells it. */
class Lost {
  readonly #withdrawn = new Set<GrantHash>();
  readonly #suspended = new Map<GrantHash, number>();

  learn({ head, undone, finalised }: ChainChange): void {
    for (const event of undone) {
      if (event.type === 'GrantWithdrawn') this.#withdrawn.add(event.grant);
      if (event.type !== 'GrantSuspended') continue;
      this.#suspended.set(event.grant, Math.max(head.number, this.#suspended.get(event.grant) ?? 0));
    }
    for (const event of finalised) {
      const above = 'grant' in event ? this.#suspended.get(event.grant) : undefined;
      if (!('grant' in event) || above === undefined) continue;
      const decides = event.type === 'GrantSuspended' || event.type === 'GrantResumed';
      // What is withdrawn for good is beyond any suspension.
      if (event.type === 'GrantWithdrawn' || (decides && event.block > above)) this.#suspended.delete(event.grant);
    }
  }

  withdrawn(grant: GrantHash): boolean {
    return this.#withdrawn.has(grant);
  }

  suspended(grant: GrantHash): boolean {
    return this.#suspended.has(grant);
  }
}

describe('chain view of grants, against the contract', () => {
  const { abi } = artifact('GrantRegistry');
  let consortium: TestConsortium;
  let sign: GrantSigner;
  let snapshot: string;

  before(async () => {
    consortium = await TestConsortium.start(2, 1, [ALL, ALL]);
    sign = new GrantSigner(consortium.contracts);
    snapshot = await consortium.anvil.call('evm_snapshot');
  });
  after(() => consortium.stop());

  async function read(method: string, args: unknown[], block: number) {
    const call = { to: consortium.contracts.grantRegistry, data: abi.encodeFunctionData(method, args) };
    const tag = `0x${block.toString(16)}`;
    return abi.decodeFunctionResult(method, await consortium.rpc.request('eth_call', [call, tag]));
  }

  async function head(): Promise<number> {
    return Number(await consortium.anvil.call('eth_blockNumber'));
  }

  /** One transaction each: whatever the contract refuses changes nothing. */
  async function perform({ kind, actor, grant: n, query }: GrantAct): Promise<void> {
    const own = BODIES[actor]!;
    const writer = consortium.writer(own);
    const grant = GRANTS[n]!;
    const queryId = QUERIES[query]!;
    switch (kind) {
      case 'register':
        return void (await writer.registerGrants([await sign.registration(grant)]));
      case 'withdraw':
        return void (await writer.withdrawGrants([await sign.withdrawal(grant)]));
      case 'withdrawFor':
        return void (await writer.withdrawGrantFor(grant.hash, REASON));
      case 'suspend':
        return void (await writer.suspendGrant(grant.hash, REASON));
      case 'resume':
        return void (await writer.resumeGrant(grant.hash));
      case 'consume':
        return void (await writer.consumeGrants([{ terms: grant.terms, queryId }]));
      case 'consumeFor':
        return void (await writer.consumeGrants([await sign.consumption(grant, queryId, own.signer)]));
    }
  }

  async function toggle(suspend: boolean): Promise<void> {
    const [council, other] = BODIES as [Body, Body];
    const call = suspend
      ? ({ call: 'suspend', member: other.id, reason: REASON } as const)
      : ({ call: 'resume', member: other.id } as const);
    await consortium.writer(council).propose(call);
  }

  async function unlessReverted(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!XinlianError.is(error, 'TRANSACTION_REVERTED')) throw error;
    }
  }

  /** Whether it was suspended at any moment after the block `final`. */
  async function suspendedSince(final: number, grant: Hex): Promise<boolean> {
    const topics = [abi.getEvent('GrantSuspended')!.topicHash, grant];
    const fromBlock = `0x${(final + 1).toString(16)}`;
    const filter = { address: consortium.contracts.grantRegistry, fromBlock, topics };
    return (await consortium.rpc.request<unknown[]>('eth_getLogs', [filter])).length > 0;
  }

  async function compare({ view }: Follower, lost: Lost): Promise<void> {
    const at = await head();
    const final = view.final();
    for (const { hash, terms } of GRANTS) {
      const now = await read('stateOf', [hash], at);
      const then = await read('stateOf', [hash], final);
      const seen: GrantState = view.grant(hash) ?? {
        hash,
        registeredFinal: false,
        usesLeft: 0,
        withdrawn: false,
        suspended: false,
      };
      expect(seen.registered !== undefined).to.equal(now.registeredAt !== 0n);
      expect(seen.registeredFinal).to.equal(now.registeredAt !== 0n && then.registeredAt !== 0n);
      expect(seen.terms).to.deep.equal(now.registeredAt === 0n ? undefined : terms);
      expect(seen.usesLeft).to.equal(Number(now.usesLeft));
      expect(seen.withdrawn).to.equal(now.withdrawn || lost.withdrawn(hash));
      const narrowed = now.suspended || then.suspended || (await suspendedSince(final, hash));
      expect(seen.suspended).to.equal(narrowed || lost.suspended(hash));
      for (const queryId of QUERIES) {
        const [consumed] = await read('isConsumed', [hash, queryId], at);
        const [finally_] = await read('isConsumed', [hash, queryId], final);
        expect(view.consumption(hash, queryId)?.final).to.equal(consumed ? finally_ : undefined);
      }
    }
  }

  it('agrees after any acts and reorganisations', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 6, maxLength: 16 }), async (acts) => {
        await consortium.anvil.call('evm_revert', snapshot);
        snapshot = await consortium.anvil.call('evm_snapshot');
        await consortium.mine(DEPTH);
        const follower = await consortium.follower({ pollMs: 5, finality: { kind: 'depth', depth: DEPTH } });
        const lost = new Lost();
        follower.view.subscribe((change) => lost.learn(change));
        follower.start();
        const caughtUp = async (): Promise<void> => {
          const block = await consortium.rpc.request<{ hash: Hex }>('eth_getBlockByNumber', ['latest', false]);
          await until(follower, () => follower.view.head()?.hash === block.hash);
        };
        await caughtUp();
        /** Moments to go back to, each with its block. */
        const moments: { block: number; id: string }[] = [];
        for (const [i, one] of acts.entries()) {
          moments.push({ block: await head(), id: await consortium.anvil.call('evm_snapshot') });
          if (one.act === 'grants') for (const each of one.items) await unlessReverted(perform(each));
          else if (one.act === 'member') await unlessReverted(toggle(one.suspend));
          else {
            const from = await head();
            const moment = moments.findLast(({ block }) => block <= from - one.depth);
            // Nothing that is final is taken back here.
            if (!moment || moment.block < follower.view.final()) continue;
            await consortium.anvil.call('evm_revert', moment.id);
            moments.splice(moments.indexOf(moment));
            // So that no block is the same again.
            await consortium.anvil.call('evm_increaseTime', 10 * (i + 1));
            await consortium.mine();
          }
          await caughtUp();
        }
        await follower.stop();
        await compare(follower, lost);
      }),
      // Shrinking would take minutes, and a failing run is short.
      { numRuns: 15, endOnFailure: true },
    );
  });
});

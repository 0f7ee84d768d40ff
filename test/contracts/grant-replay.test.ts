import { expect } from 'chai';
import * as fc from 'fast-check';
import { Roles } from './helpers/contract-types.ts';
import { body, consortium, digest, walletOf } from './helpers/consortium.ts';
import type { Consortium } from './helpers/consortium.ts';
import { DEADLINE, GrantSigner, grant } from './helpers/grants.ts';
import { NONE } from './helpers/signatures.ts';
import { GrantReplay } from './helpers/grant-replay.ts';

const BODIES = 3;
const bodies = Array.from({ length: BODIES }, (_, n) => body(n, { roles: Roles.ALL }));
const grants = Array.from({ length: 5 }, (_, n) => grant(`${n}`, { grantee: bodies[n % BODIES]!.id, uses: n % 4 }));
const queries = Array.from({ length: 4 }, (_, n) => digest(`query ${n}`));

/** What can be done with a grant; numbers pick among what there is. */
interface Item {
  grant: number;
  query: number;
  /** Signed by another than it should be. */
  forged: boolean;
}

type Action =
  | { do: 'register' | 'withdraw' | 'consumeFor'; item: Item }
  | { do: 'withdrawFor' | 'suspend' | 'resume' | 'consume'; actor: number; item: Item }
  | { do: 'registerBatch' | 'withdrawBatch' | 'consumeBatch'; actor: number; items: Item[] };

const item: fc.Arbitrary<Item> = fc.record({
  grant: fc.nat({ max: grants.length - 1 }),
  query: fc.nat({ max: queries.length - 1 }),
  forged: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
});
const items = fc.array(item, { maxLength: 6 });
const actor = fc.nat({ max: BODIES - 1 });
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('register' as const), item }) },
  fc.record({ do: fc.constant('withdraw' as const), item }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('consumeFor' as const), item }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('consume' as const), actor, item }) },
  fc.record({ do: fc.constantFrom('withdrawFor' as const, 'suspend' as const, 'resume' as const), actor, item }),
  fc.record({
    do: fc.constantFrom('registerBatch' as const, 'withdrawBatch' as const, 'consumeBatch' as const),
    actor,
    items,
  }),
);

describe('the events of GrantRegistry', () => {
  let c: Consortium;
  let sign: GrantSigner;

  beforeEach(async () => {
    c = await consortium(BODIES, 1);
    for (const { id } of bodies) await c.vote('setRoles', [id, Roles.ALL]);
    sign = await GrantSigner.create(c);
  });

  const registration = ({ grant: n, forged }: Item) => {
    const { terms, key, hash } = grants[n]!;
    const signature = sign.registration({ terms, hash, key: forged ? walletOf('forger') : key });
    return { terms, deadline: DEADLINE, signature };
  };
  const withdrawal = ({ grant: n, forged }: Item) => {
    const { terms, key, hash } = grants[n]!;
    return { terms, signature: sign.withdrawal({ terms, hash, key: forged ? walletOf('forger') : key }) };
  };
  const consumption = ({ grant: n, query, forged }: Item) => {
    const { wallet } = bodies[(n + (forged ? 1 : 0)) % BODIES]!;
    const queryId = queries[query]!;
    const signature = sign.consumption(grants[n]!, queryId, { wallet });
    return { terms: grants[n]!.terms, queryId, deadline: DEADLINE, signature };
  };

  function argumentsOf(action: Action): unknown[] {
    switch (action.do) {
      case 'register':
        return [registration(action.item)];
      case 'withdraw':
        return [withdrawal(action.item)];
      case 'consumeFor':
        return [consumption(action.item)];
      case 'withdrawFor':
      case 'suspend':
        return [grants[action.item.grant]!.hash, digest('reason')];
      case 'resume':
        return [grants[action.item.grant]!.hash];
      case 'consume':
        return [grants[action.item.grant]!.terms, queries[action.item.query]];
      case 'registerBatch':
        return [action.items.map(registration)];
      case 'withdrawBatch':
        return [action.items.map(withdrawal)];
      case 'consumeBatch':
        // Every other one is the sender's own.
        return [action.items.map((one, i) => ({ ...consumption(one), ...(i % 2 === 0 && { signature: NONE }) }))];
    }
  }

  /** Does it, whether the contract will take it or not: a refusal MUST be one of its own errors. */
  async function act(action: Action): Promise<void> {
    const { wallet } = bodies['actor' in action ? action.actor : 0]!;
    const contract = await c.grantsAs(wallet.address);
    try {
      await contract.getFunction(action.do)(...argumentsOf(action));
    } catch (error) {
      const { data } = error as { data?: string };
      if (!data || !c.grants.interface.parseError(data)) throw error;
    }
  }

  /** @returns the kinds of events that there were */
  async function expectSame(): Promise<Set<string>> {
    const replay = new GrantReplay();
    const seen = new Set<string>();
    for (const log of await c.ethers.provider.getLogs({ address: c.grants, fromBlock: 0 })) {
      const event = c.grants.interface.parseLog(log)!;
      seen.add(event.name);
      replay.apply(event, log.blockNumber);
    }
    for (const { hash, terms } of grants) {
      const wanted = replay.grant(hash);
      const { registeredAt, usesLeft, withdrawn, suspended } = await c.grants.stateOf(hash);
      const block = wanted.registered === undefined ? null : await c.ethers.provider.getBlock(wanted.registered);
      expect([registeredAt, usesLeft, withdrawn, suspended]).to.deep.equal([
        BigInt(block?.timestamp ?? 0),
        wanted.usesLeft,
        wanted.withdrawn,
        wanted.suspended,
      ]);
      if (wanted.registered !== undefined) expect(wanted.grantee).to.equal(terms.grantee);
      for (const query of queries) {
        expect(await c.grants.isConsumed(hash, query)).to.equal(wanted.consumed.has(query));
      }
    }
    return seen;
  }

  it('rebuild the state alone, each kind of them having happened', async () => {
    const own = (n: number, query = 0): Item => ({ grant: n, query, forged: false });
    const story: Action[] = [
      { do: 'register', item: own(1) },
      { do: 'register', item: own(2) },
      { do: 'consume', actor: 2, item: own(2) },
      { do: 'suspend', actor: 0, item: own(2) },
      { do: 'resume', actor: 1, item: own(2) },
      { do: 'consumeBatch', actor: 2, items: [own(2, 1), own(1, 1), own(2, 1)] },
      { do: 'withdrawFor', actor: 0, item: own(1) },
      { do: 'withdraw', item: own(3) },
    ];
    for (const one of story) await act(one);
    const kinds = c.grants.interface.fragments
      .filter(({ type }) => type === 'event')
      .map((event) => (event as { name?: string }).name);
    // EIP-5267 declares an event for domains that can change; this one cannot.
    expect([...(await expectSame())]).to.have.members(kinds.filter((name) => name !== 'EIP712DomainChanged'));
  });

  it('rebuild the state alone, whatever was done or refused', async () => {
    const snapshot = await c.networkHelpers.takeSnapshot();
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 10, maxLength: 40 }), async (actions) => {
        await snapshot.restore();
        for (const one of actions) await act(one);
        await expectSame();
      }),
      { numRuns: 30 },
    );
  });
});

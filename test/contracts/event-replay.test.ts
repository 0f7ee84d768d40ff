import { expect } from 'chai';
import { ZeroHash } from 'ethers';
import type { Interface, Wallet } from 'ethers';
import * as fc from 'fast-check';
import { KeyKind, Roles, keyNames } from './helpers/contract-types.ts';
import { body, consortium, digest, rotationSignature, walletOf } from './helpers/consortium.ts';
import type { Body, Consortium } from './helpers/consortium.ts';
import { Replay } from './helpers/replay.ts';
import { SparseTree, leafHash } from './helpers/sparse-tree.ts';

const reason = digest('reason');
const scopes = [digest('scope 0'), digest('scope 1')];
const sizes = Array.from({ length: 40 }, (_, i) => BigInt(i + 1));
const tree = new SparseTree(sizes, (start) => leafHash(Buffer.from(`${start}`)));

/** Whatever a member or the council can do; numbers pick among what exists, modulo how many there are. */
type Action =
  | { do: 'propose'; actor: number; call: Vote }
  | { do: 'approve' | 'withdrawApproval'; actor: number; proposal: number }
  | { do: 'rotateTransactionKey'; actor: number }
  | { do: 'rotateKey'; actor: number; kind: number; value: number }
  | { do: 'setEndpoints'; actor: number; value: number }
  | { do: 'registerLog'; actor: number; scope: number }
  | { do: 'anchor'; actor: number; log: number; growth: number }
  | { do: 'replaceLog'; actor: number; log: number }
  | { do: 'wait'; days: number };

type Vote =
  | { name: 'admit' | 'resume' | 'suspend' | 'remove' | 'resetTransactionKey'; member: number }
  | { name: 'setRoles'; member: number; roles: number }
  | { name: 'setThreshold'; threshold: number };

const FOUNDERS = 4;
const BODIES = 6;
const small = fc.nat({ max: 30 });
const actor = fc.nat({ max: BODIES - 1 });

const vote: fc.Arbitrary<Vote> = fc.oneof(
  fc.record({
    name: fc.constantFrom<'admit' | 'resume' | 'suspend' | 'remove' | 'resetTransactionKey'>(
      'admit',
      'resume',
      'suspend',
      'remove',
      'resetTransactionKey',
    ),
    member: actor,
  }),
  fc.record({ name: fc.constant('setRoles' as const), member: actor, roles: fc.integer({ min: 1, max: Roles.ALL }) }),
  fc.record({ name: fc.constant('setThreshold' as const), threshold: fc.integer({ min: 0, max: 3 }) }),
);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('propose' as const), actor, call: vote }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('approve' as const), actor, proposal: small }) },
  fc.record({ do: fc.constant('withdrawApproval' as const), actor, proposal: small }),
  fc.record({ do: fc.constant('rotateTransactionKey' as const), actor }),
  fc.record({ do: fc.constant('rotateKey' as const), actor, kind: fc.nat({ max: 4 }), value: fc.nat({ max: 3 }) }),
  fc.record({ do: fc.constant('setEndpoints' as const), actor, value: small }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('registerLog' as const), actor, scope: fc.nat({ max: 1 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('anchor' as const), actor, log: small, growth: fc.nat({ max: 9 }) }),
  },
  fc.record({ do: fc.constant('replaceLog' as const), actor, log: small }),
  fc.record({ do: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 12 }) }),
);

/** Carries actions out, by whoever holds the actor's account now. What the contracts refuse changes nothing. */
class Actors {
  readonly #c: Consortium;
  readonly #wallets = new Map<string, Wallet>();
  readonly #bodies: Body[] = Array.from({ length: BODIES }, (_, n) => body(n));
  #made = 0;

  constructor(c: Consortium) {
    this.#c = c;
    for (const { wallet } of this.#bodies) this.#wallets.set(wallet.address, wallet);
  }

  get ids(): string[] {
    return this.#bodies.map(({ id }) => id);
  }

  async act(action: Action): Promise<void> {
    const { membership, anchors, networkHelpers } = this.#c;
    if (action.do === 'wait') {
      await networkHelpers.time.increase(action.days * 86_400);
      return;
    }
    const state = await replayed(this.#c);
    const { id } = this.#bodies[action.actor]!;
    const account = await this.#account(id);
    const send = (contract: typeof membership | typeof anchors, name: string, args: unknown[]) =>
      this.#send(account, contract, name, args);
    switch (action.do) {
      case 'propose':
        return send(membership, 'propose', [await this.#call(action.call)]);
      case 'approve':
      case 'withdrawApproval':
        return send(membership, action.do, [pick([...state.proposals.keys()], action.proposal) ?? 0n]);
      case 'rotateTransactionKey': {
        const next = this.#newWallet();
        const rotation = { member: id, previous: account, current: next.address };
        return send(membership, action.do, [next.address, await rotationSignature(this.#c, next, rotation)]);
      }
      case 'rotateKey': {
        const key = digest(`${action.actor} ${action.value}`).slice(2);
        const value = action.kind === KeyKind.Sealing ? `0x02${key}` : `0x${key}`;
        return send(membership, action.do, [action.kind, action.value === 0 ? '0x' : value]);
      }
      case 'setEndpoints':
        return send(membership, action.do, [JSON.stringify({ log: `https://${action.value}.example/` })]);
      case 'registerLog':
        return send(anchors, action.do, [scopes[action.scope]]);
      case 'anchor': {
        const log = this.#ownLog(state, id, action.log);
        const from = state.logs.get(log)?.size ?? 0n;
        const to = sizes.at(Math.min(Number(from) + action.growth, sizes.length) - 1)!;
        const proof = from === 0n || to <= from ? [] : tree.proof(from, to);
        return send(anchors, action.do, [log, to, tree.root(to), proof]);
      }
      case 'replaceLog':
        return send(anchors, action.do, [this.#ownLog(state, id, action.log)]);
    }
  }

  #ownLog(state: Replay, owner: string, index: number): string {
    const own = [...state.logs].filter(([, log]) => log.owner === owner).map(([id]) => id);
    return pick(own, index) ?? ZeroHash;
  }

  async #account(id: string): Promise<string> {
    const { transaction } = await this.#c.membership.standing(id);
    const known = this.#wallets.get(transaction) ?? this.#bodies.find((one) => one.id === id)!.wallet;
    await this.#c.account(known.address);
    return known.address;
  }

  #newWallet(): Wallet {
    const wallet = walletOf(`rotated ${this.#made++}`);
    this.#wallets.set(wallet.address, wallet);
    return wallet;
  }

  async #call(vote: Vote): Promise<string> {
    if (vote.name === 'setThreshold') return this.#c.call(vote.name, [vote.threshold]);
    const { id, admission } = this.#bodies[vote.member]!;
    switch (vote.name) {
      case 'admit': {
        const used = await this.#c.membership.memberOf(admission.transaction);
        const transaction = used === ZeroHash ? admission.transaction : this.#newWallet().address;
        return this.#c.call(vote.name, [{ ...admission, transaction }]);
      }
      case 'resume':
        return this.#c.call(vote.name, [id]);
      case 'suspend':
      case 'remove':
        return this.#c.call(vote.name, [id, reason]);
      case 'resetTransactionKey':
        return this.#c.call(vote.name, [id, this.#newWallet().address]);
      case 'setRoles':
        return this.#c.call(vote.name, [id, vote.roles]);
    }
  }

  /** Sends, whether the contract will take it or not: a refusal MUST be one of the contracts' own errors. */
  async #send(
    from: string,
    contract: Consortium['membership'] | Consortium['anchors'],
    name: string,
    args: unknown[],
  ): Promise<void> {
    const { provider } = this.#c.ethers;
    const call = { from, to: await contract.getAddress(), data: contract.interface.encodeFunctionData(name, args) };
    try {
      await provider.send('eth_sendTransaction', [{ ...call, gas: '0x2dc6c0' }]);
    } catch (error) {
      const data = revertData(error);
      const refusal = this.#c.membership.interface.parseError(data) ?? this.#c.anchors.interface.parseError(data);
      if (!refusal) throw error;
    }
  }
}

function pick<T>(from: T[], index: number): T | undefined {
  return from[index % from.length];
}

function revertData(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { data } = cause as { data?: unknown };
    if (typeof data === 'string') return data;
    const inner = (data as { data?: unknown } | undefined)?.data;
    if (typeof inner === 'string') return inner;
  }
  throw error;
}

async function replayed({ ethers, membership, anchors }: Consortium, seen = new Set<string>()): Promise<Replay> {
  const replay = new Replay();
  const abis = new Map<string, Interface>([
    [await membership.getAddress(), membership.interface],
    [await anchors.getAddress(), anchors.interface],
  ]);
  for (const log of await ethers.provider.getLogs({ fromBlock: 0 })) {
    const event = abis.get(log.address)!.parseLog(log)!;
    seen.add(event.name);
    replay.apply(event, log.blockNumber);
  }
  return replay;
}

async function expectSame(c: Consortium, ids: string[], seen?: Set<string>): Promise<void> {
  const replay = await replayed(c, seen);
  const { membership, anchors } = c;
  const head = (await c.ethers.provider.getBlock('latest'))!;
  expect(await membership.threshold()).to.equal(BigInt(replay.threshold));
  expect(await membership.activeCouncil()).to.equal(BigInt(replay.activeCouncil.length));
  for (const id of ids) {
    const member = replay.members.get(id);
    const { transaction, roles, region, status } = await membership.standing(id);
    expect([status, roles, region]).to.deep.equal(
      [member?.status ?? 0, member?.roles ?? 0, member?.region ?? 0].map(BigInt),
    );
    expect(transaction).to.equal(replay.transactionKeyAt(id, head.number));
    const keys = await membership.keys(id);
    for (const name of keyNames) expect(keys[name]).to.equal(member?.keys[name] ?? '0x');
    for (const scope of scopes) expect(await anchors.openLog(id, scope)).to.equal(replay.openLog(id, scope));
    for (const { block } of replay.past) {
      expect(await membership.transactionKeyAt(id, block)).to.equal(replay.transactionKeyAt(id, block));
      expect(await membership.entitledAt(id, Roles.COUNCIL, block)).to.equal(
        replay.entitledAt(id, Roles.COUNCIL, block),
      );
    }
  }
  for (const [account, id] of replay.accounts) expect(await membership.memberOf(account)).to.equal(id);
  for (const [proposal, wanted] of replay.proposals) {
    const { open, approvals, expiresAt, callHash } = await membership.proposalState(proposal);
    expect([open, approvals, expiresAt, callHash]).to.deep.equal([
      !wanted.executed && BigInt(head.timestamp) < wanted.expiresAt,
      BigInt(replay.approvals(proposal)),
      wanted.expiresAt,
      wanted.callHash,
    ]);
    for (const id of ids) {
      expect(await membership.hasApproved(proposal, id)).to.equal(wanted.approvers.has(id));
    }
  }
  for (const [log, { owner, size, root, scope, closed, successor }] of replay.logs) {
    const state = await anchors.logState(log);
    expect([state.owner, state.size, state.root, state.scope, state.closed, state.successor]).to.deep.equal([
      owner,
      size,
      root,
      scope,
      closed,
      successor,
    ]);
  }
}

describe('the events of both contracts', () => {
  it('rebuild the state alone, each kind of them having happened', async () => {
    const c = await consortium(FOUNDERS, 2);
    const actors = new Actors(c);
    const seen = new Set<string>();
    const voted = (call: Vote, proposal: number): Action[] => [
      { do: 'propose', actor: 0, call },
      { do: 'approve', actor: 1, proposal },
    ];
    const story: Action[] = [
      ...voted({ name: 'admit', member: 4 }, 0),
      ...voted({ name: 'suspend', member: 2 }, 1),
      { do: 'propose', actor: 3, call: { name: 'remove', member: 4 } },
      { do: 'withdrawApproval', actor: 3, proposal: 2 },
      ...voted({ name: 'resume', member: 2 }, 3),
      ...voted({ name: 'setRoles', member: 2, roles: Roles.ALL }, 4),
      ...voted({ name: 'resetTransactionKey', member: 3 }, 5),
      { do: 'rotateTransactionKey', actor: 3 },
      { do: 'rotateKey', actor: 3, kind: KeyKind.Client, value: 0 },
      { do: 'rotateKey', actor: 3, kind: KeyKind.Sealing, value: 1 },
      { do: 'setEndpoints', actor: 3, value: 1 },
      { do: 'registerLog', actor: 3, scope: 0 },
      { do: 'anchor', actor: 3, log: 0, growth: 5 },
      { do: 'anchor', actor: 3, log: 0, growth: 6 },
      { do: 'replaceLog', actor: 3, log: 0 },
      ...voted({ name: 'remove', member: 4 }, 6),
      ...voted({ name: 'admit', member: 4 }, 7),
      { do: 'propose', actor: 0, call: { name: 'setThreshold', threshold: 1 } },
      { do: 'wait', days: 31 },
    ];
    for (const action of story) await actors.act(action);
    await expectSame(c, actors.ids, seen);
    const kinds = [c.membership, c.anchors].flatMap((contract) =>
      contract.interface.fragments
        .filter(({ type }) => type === 'event')
        .map((event) => (event as { name?: string }).name),
    );
    // EIP-5267 declares an event for domains that can change; this one cannot.
    expect([...seen]).to.have.members(kinds.filter((name) => name !== 'EIP712DomainChanged'));
  });

  it('rebuild the state alone, whatever was done or refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2 }),
        fc.array(action, { minLength: 10, maxLength: 40 }),
        async (threshold, actions) => {
          const c = await consortium(FOUNDERS, threshold);
          const actors = new Actors(c);
          for (const one of actions) await actors.act(one);
          await expectSame(c, actors.ids);
        },
      ),
      { numRuns: 20 },
    );
  });
});

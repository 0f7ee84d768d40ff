// The view, made from events alone, says after any sequence of acts what the contracts themselves say.
import * as fc from 'fast-check';
import { expect } from 'chai';
import { toHex, type Hex } from '../../node/core/bytes.ts';
import { KEY_KINDS, ROLES, currentKey, roleBits, type KeyKind, type Role } from '../../node/core/consortium.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { addressOf, artifact, type ContractName } from '../../node/chain/abi.ts';
import type { Follower } from '../../node/chain/follower.ts';
import { encodeCouncilCall } from '../../node/chain/council-calls.ts';
import type { CouncilCall } from '../../node/core/council.ts';
import { accountOf, bodyOf, digest, fund, TestConsortium, until } from '../helpers/consortium-on-anvil.ts';

const BODIES = Array.from({ length: 6 }, (_, n) => bodyOf(n));
const SCOPES = ['a', 'b'].map((name) => toHex(digest(name)));
const STATUS = ['none', 'active', 'suspended', 'removed'];

type Act =
  | { act: 'council'; call: CouncilCall }
  | { act: 'rotate'; body: number; kind: KeyKind; key: Uint8Array }
  | { act: 'endpoints'; body: number; text: string }
  | { act: 'register'; body: number; scope: Hex }
  | { act: 'replace'; body: number; scope: Hex }
  | { act: 'anchor'; body: number; scope: Hex; root: Uint8Array };

const roles = fc.subarray<Role>([...ROLES], { minLength: 1 });
const body = fc.nat(BODIES.length - 1);
const member = body.map((n) => BODIES[n]!.id);
const scope = fc.constantFrom(...SCOPES);
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const council: fc.Arbitrary<CouncilCall> = fc.oneof(
  fc.record({
    call: fc.constant('admit' as const),
    // A transaction key is never taken twice.
    admission: fc.tuple(body, fc.nat(3)).map(([n, generation]) => {
      const transaction = accountOf(`body ${n} again ${generation}`).address as Hex;
      return Object.assign({}, BODIES[n]!.admission, { transaction });
    }),
  }),
  fc.record({ call: fc.constantFrom('suspend' as const, 'remove' as const), member, reason: scope }),
  fc.record({ call: fc.constant('resume' as const), member }),
  fc.record({ call: fc.constant('setRoles' as const), member, roles }),
);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: council.map((call) => ({ act: 'council' as const, call })) },
  fc.record({
    act: fc.constant('rotate' as const),
    body,
    kind: fc.constantFrom(...KEY_KINDS.filter((kind) => kind !== 'sealing')),
    key: bytes32,
  }),
  fc.record({ act: fc.constant('endpoints' as const), body, text: fc.json() }),
  fc.record({ act: fc.constant('register' as const), body, scope }),
  fc.record({ act: fc.constant('replace' as const), body, scope }),
  fc.record({ act: fc.constant('anchor' as const), body, scope, root: bytes32 }),
);

describe('chain view, against the contracts', () => {
  let consortium: TestConsortium;
  let follower: Follower;
  let snapshot: string;

  before(async () => {
    // One founder of six may vote alone: a call of the council is one transaction.
    consortium = await TestConsortium.start(4, 1);
    for (const { signer } of BODIES) await fund(consortium.anvil, signer.address);
    snapshot = await consortium.anvil.call('evm_snapshot');
  });
  after(() => consortium.stop());

  async function read(contract: ContractName, method: string, args: unknown[], block = 'latest') {
    const { abi } = artifact(contract);
    const call = { to: addressOf(consortium.contracts, contract), data: abi.encodeFunctionData(method, args) };
    return abi.decodeFunctionResult(method, await consortium.rpc.request('eth_call', [call, block]));
  }

  /** Whether the contracts took it: many random acts are not allowed. */
  async function perform(action: Act): Promise<void> {
    const founder = BODIES[0]!;
    try {
      if (action.act === 'council') {
        const data = artifact('Membership').abi.encodeFunctionData('propose', [encodeCouncilCall(action.call)]) as Hex;
        await consortium.submitter(founder.signer).submit({ to: consortium.contracts.membership, data });
        return;
      }
      const own = BODIES[action.body]!;
      const writer = consortium.writer(own);
      if (action.act === 'rotate') await writer.rotateKey(action.kind, action.key);
      else if (action.act === 'endpoints') await writer.setEndpoints(action.text);
      else if (action.act === 'register') await writer.registerLog(action.scope);
      else {
        const [log] = await read('LogAnchor', 'openLog', [own.id, action.scope]);
        if (action.act === 'replace') await writer.replaceLog(log);
        else await writer.anchor({ log, size: 1, root: action.root, proof: [] });
      }
    } catch (error) {
      if (!XinlianError.is(error, 'TRANSACTION_REVERTED')) throw error;
    }
  }

  async function compare(blocks: number[]): Promise<void> {
    const { view } = follower;
    expect(view.threshold()).to.equal(Number((await read('Membership', 'threshold', []))[0]));
    for (const { id } of BODIES) {
      const seen = view.member(id);
      const [standing] = await read('Membership', 'standing', [id]);
      expect(seen?.status ?? 'none').to.equal(STATUS[Number(standing.status)]);
      if (!seen) continue;
      expect(roleBits(seen.roles)).to.equal(Number(standing.roles));
      expect(seen.transaction).to.equal(standing.transaction);
      expect(Number(seen.region)).to.equal(Number(standing.region));
      const [holder] = await read('Membership', 'memberOf', [seen.transaction]);
      expect(view.memberByAccount(seen.transaction)?.id).to.equal(holder);
      const [keys] = await read('Membership', 'keys', [id]);
      for (const kind of KEY_KINDS) {
        expect(toHex(currentKey(seen, kind) ?? new Uint8Array()), kind).to.equal(keys[kind]);
      }
      for (const block of blocks) {
        for (const role of ['council', 'bank'] as const) {
          const [entitled] = await read('Membership', 'entitledAt', [id, roleBits([role]), block]);
          expect(view.entitledAt(id, [role], block), `${role} at ${block}`).to.equal(entitled);
        }
      }
      for (const scope of SCOPES) {
        const [open] = await read('LogAnchor', 'openLog', [id, scope]);
        expect(view.openLog(id, scope)?.id ?? toHex(new Uint8Array(32))).to.equal(open);
      }
    }
    for (const log of view.logs()) {
      const [state] = await read('LogAnchor', 'logState', [log.id]);
      expect(log).to.deep.include({ owner: state.owner, scope: state.scope, closed: state.closed });
      expect(log.head?.size ?? 0).to.equal(Number(state.size));
      expect(toHex(log.head?.root ?? new Uint8Array(32))).to.equal(state.root);
      expect(log.successor ?? toHex(new Uint8Array(32))).to.equal(state.successor);
    }
  }

  it('agrees after any acts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 14 }), async (acts) => {
        await consortium.anvil.call('evm_revert', snapshot);
        snapshot = await consortium.anvil.call('evm_snapshot');
        follower = await consortium.follower({ pollMs: 5 });
        follower.start();
        for (const action of acts) await perform(action);
        const head = Number(await consortium.anvil.call('eth_blockNumber'));
        await until(follower, () => follower.view.head()?.number === head);
        await follower.stop();
        await compare([1, Math.ceil(head / 2), head]);
      }),
      // Shrinking would take minutes, and a failing run is short.
      { numRuns: 12, endOnFailure: true },
    );
  });
});

import { expect } from 'chai';
import { Signature } from 'ethers';
import { toHex, type Hex } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { artifact } from '../../../node/chain/abi.ts';
import type { ChainChange, ChainEvent, ConsortiumContracts } from '../../../node/chain/events.ts';
import { deployConsortium } from '../../../node/chain/deploy.ts';
import type { Follower } from '../../../node/chain/follower.ts';
import { MemoryChainStore } from '../../../node/chain/memory-store.ts';
import { ChainWriter, GRANT_BATCH, type WrittenBatch } from '../../../node/chain/writer.ts';
import {
  accountOf,
  bodyOf,
  digest,
  fund,
  TestConsortium,
  until,
  warned,
  type Body,
} from '../../helpers/consortium-on-anvil.ts';
import { GrantSigner, grantOf, type TestGrant } from '../../helpers/grants-on-anvil.ts';

const REASON = toHex(digest('reason'));
/** In place of where an event stands. */
const PLACE = { block: 0, blockHash: '', transaction: '', logIndex: 0 };
/** Of secp256k1. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const query = (n: number) => toHex(digest(`query ${n}`));
const errors = ({ items }: WrittenBatch): string[] => items.map((item) => (item.ok ? 'ok' : item.error));

describe('grants on a chain', () => {
  let consortium: TestConsortium;
  let sign: GrantSigner;
  let bank: Body;
  let identifier: Body;
  let regulator: Body;
  /** An account that is no member's. */
  let carrier: ChainWriter;
  let one: TestGrant;
  let two: TestGrant;

  beforeEach(async () => {
    consortium = await TestConsortium.start(3, 1, [['council', 'bank'], ['identifier'], ['regulator']]);
    [bank, identifier, regulator] = consortium.bodies as [Body, Body, Body];
    sign = new GrantSigner(consortium.contracts);
    const account = accountOf('carrier');
    await fund(consortium.anvil, account.address);
    carrier = new ChainWriter(consortium.contracts, consortium.submitter(account));
    one = grantOf('one', bank.id);
    two = grantOf('two', bank.id);
  });
  afterEach(() => consortium.stop());

  const headIs = (follower: Follower, block: number) =>
    until(follower, () => (follower.view.head()?.number ?? 0) >= block);

  it('are registered, consumed by both ways and withdrawn in batches, where a bad item fails alone', async () => {
    const follower = await consortium.follower();
    const told: ChainEvent[] = [];
    follower.view.subscribe(({ events }: ChainChange) => told.push(...events));
    follower.start();
    const own = consortium.writer(bank);

    const signed = await sign.registration(two);
    const forged = { ...signed, signature: (await sign.registration(one)).signature };
    // The same act in other bytes: v of 29, and s in the upper half with the other parity.
    const { r, s, v } = Signature.from(signed.signature);
    const upper = (ORDER - BigInt(s)).toString(16).padStart(64, '0');
    const [otherV, otherS] = [`${r}${s.slice(2)}1d`, `${r}${upper}${v === 27 ? '1c' : '1b'}`] as [Hex, Hex];
    const registered = await carrier.registerGrants([
      await sign.registration(one),
      forged,
      { ...signed, signature: otherV },
      { ...signed, signature: otherS },
      signed,
    ]);
    const invalid = 'GrantRegistryInvalidSignature';
    expect(errors(registered)).to.deep.equal(['ok', invalid, invalid, invalid, 'ok']);
    expect(registered.items[1]).to.have.property('arguments').that.includes(two.terms.key);

    const consumed = await own.consumeGrants([
      { terms: one.terms, queryId: query(1) },
      await sign.consumption(one, query(1), bank.signer),
      await sign.consumption(one, query(2), bank.signer),
      { terms: one.terms, queryId: query(3) },
    ]);
    expect(errors(consumed)).to.deep.equal(['ok', 'GrantRegistryAlreadyConsumed', 'ok', 'GrantRegistryUsedUp']);
    const carried = await carrier.consumeGrants([
      { terms: two.terms, queryId: query(1) },
      await sign.consumption(two, query(2), bank.signer),
    ]);
    expect(errors(carried)).to.deep.equal(['GrantRegistryNotGrantee', 'ok']);

    const withdrawn = await carrier.withdrawGrants([
      await sign.withdrawal(one),
      await sign.withdrawal(one),
      await sign.withdrawal(grantOf('never registered', bank.id)),
    ]);
    expect(errors(withdrawn)).to.deep.equal(['ok', 'GrantRegistryWithdrawn', 'ok']);

    await headIs(follower, withdrawn.block);
    const { view } = follower;
    const state = { registeredFinal: true, registered: registered.block, suspended: false };
    expect(view.grant(one.hash)).to.deep.equal({
      ...state,
      hash: one.hash,
      terms: one.terms,
      usesLeft: 0,
      withdrawn: true,
    });
    expect(view.grant(two.hash)).to.deep.equal({
      ...state,
      hash: two.hash,
      terms: two.terms,
      usesLeft: 1,
      withdrawn: false,
    });
    expect(view.consumption(one.hash, query(1))).to.deep.equal({ block: consumed.block, final: true });
    expect(view.consumption(two.hash, query(2))).to.deep.equal({ block: carried.block, final: true });
    expect(view.consumption(one.hash, query(3))).to.equal(undefined);
    const barred = await carrier.registerGrants([await sign.registration(grantOf('never registered', bank.id))]);
    expect(errors(barred)).to.deep.equal(['GrantRegistryWithdrawn']);

    const ofGrants = told.filter(({ type }) => type.startsWith('Grant'));
    const kinds =
      'Registered ItemFailed ItemFailed ItemFailed Registered Consumed ItemFailed Consumed ItemFailed ItemFailed Consumed';
    expect(ofGrants.map(({ type }) => type.slice('Grant'.length)).join(' ')).to.equal(
      `${kinds} Withdrawn ItemFailed Withdrawn`,
    );
    // By the grant key: no member is named.
    expect(told.find(({ type }) => type === 'GrantWithdrawn')).not.to.have.property('by');
  });

  it('are withdrawn for a lost key, suspended and resumed by the members whose task it is', async () => {
    const follower = await consortium.follower();
    const told: ChainEvent[] = [];
    follower.view.subscribe(({ events }: ChainChange) => told.push(...events));
    follower.start();
    await carrier.registerGrants([await sign.registration(one)]);
    const suspension = await consortium.writer(regulator).suspendGrant(one.hash, REASON);
    await headIs(follower, suspension.block);
    expect(follower.view.grant(one.hash)).to.include({ suspended: true, withdrawn: false });
    const { block } = await consortium.writer(regulator).resumeGrant(one.hash);
    await headIs(follower, block);
    expect(follower.view.grant(one.hash)).to.include({ suspended: false });
    const withdrawal = await consortium.writer(identifier).withdrawGrantFor(one.hash, REASON);
    await headIs(follower, withdrawal.block);
    expect(follower.view.grant(one.hash)).to.include({ withdrawn: true });

    const acts = told.filter((event) => 'grant' in event && 'by' in event);
    expect(acts.map((event) => Object.assign({}, event, PLACE))).to.deep.equal([
      { type: 'GrantSuspended', grant: one.hash, by: regulator.id, reason: REASON, ...PLACE },
      { type: 'GrantResumed', grant: one.hash, by: regulator.id, ...PLACE },
      { type: 'GrantWithdrawn', grant: one.hash, by: identifier.id, reason: REASON, ...PLACE },
    ]);
    for (const refused of [
      consortium.writer(bank).withdrawGrantFor(two.hash, REASON),
      consortium.writer(bank).suspendGrant(two.hash, REASON),
      consortium.writer(bank).resumeGrant(two.hash),
    ]) {
      const error = await refused.catch((error: unknown) => error);
      if (!XinlianError.is(error, 'TRANSACTION_REVERTED')) throw error;
      expect(error.details.error).to.equal('GrantRegistryUnauthorized');
    }
  });
  it('count when final where that widens, and at first sight for good where it narrows', async () => {
    const finality = { kind: 'depth', depth: 6 } as const;
    const store = new MemoryChainStore();
    const follower = await consortium.follower({ finality }, store);
    follower.start();
    const { view } = follower;
    await carrier.registerGrants([await sign.registration(one), await sign.registration(two)]);
    const { block } = await carrier.consumeGrants([await sign.consumption(one, query(1), bank.signer)]);
    await headIs(follower, block);
    expect(view.grant(one.hash)).to.include({ registeredFinal: false, usesLeft: 1 });
    expect(view.consumption(one.hash, query(1))).to.deep.equal({ block, final: false });
    await consortium.mine(6);
    await until(follower, () => view.grant(one.hash)?.registeredFinal === true);
    await until(follower, () => view.consumption(one.hash, query(1))?.final === true);

    const snapshot = await consortium.anvil.call<string>('evm_snapshot');
    await carrier.withdrawGrants([await sign.withdrawal(one)]);
    await consortium.writer(regulator).suspendGrant(two.hash, REASON);
    const last = await carrier.consumeGrants([await sign.consumption(two, query(2), bank.signer)]);
    expect(errors(last)).to.deep.equal(['GrantRegistrySuspended']);
    await headIs(follower, last.block);
    expect(view.grant(one.hash)).to.include({ withdrawn: true });
    expect(view.grant(two.hash)).to.include({ suspended: true });

    await consortium.anvil.call('evm_revert', snapshot);
    await consortium.anvil.call('evm_increaseTime', 100);
    const again = await carrier.consumeGrants([
      await sign.consumption(one, query(3), bank.signer),
      await sign.consumption(two, query(2), bank.signer),
    ]);
    expect(errors(again)).to.deep.equal(['ok', 'ok']);
    await consortium.mine(12);
    await until(follower, () => view.consumption(two.hash, query(2))?.final === true);
    expect(view.grant(one.hash)).to.include({ withdrawn: true });
    expect(view.grant(two.hash)).to.include({ suspended: true });

    await follower.stop();
    const restarted = await consortium.follower({ finality }, store);
    for (const { hash } of [one, two]) expect(restarted.view.grant(hash)).to.deep.equal(view.grant(hash));
    restarted.start();
    await consortium.writer(regulator).suspendGrant(two.hash, REASON);
    const { block: resumed } = await consortium.writer(regulator).resumeGrant(two.hash);
    await headIs(restarted, resumed);
    expect(restarted.view.grant(two.hash)).to.include({ suspended: true });
    await consortium.mine(6);
    await until(restarted, () => restarted.view.grant(two.hash)?.suspended === false);
    expect(restarted.view.grant(one.hash)).to.include({ withdrawn: true });
  });

  it('keep what a reorganisation took back when the rest of the memory is broken', async () => {
    const finality = { kind: 'depth', depth: 6 } as const;
    const store = new MemoryChainStore();
    const follower = await consortium.follower({ finality, snapshotEvery: 1 }, store);
    follower.start();
    await carrier.registerGrants([await sign.registration(one)]);
    await consortium.mine(8);
    await until(follower, () => follower.view.grant(one.hash)?.registeredFinal === true);
    const snapshot = await consortium.anvil.call<string>('evm_snapshot');
    const { block } = await carrier.withdrawGrants([await sign.withdrawal(one)]);
    await headIs(follower, block);
    await consortium.anvil.call('evm_revert', snapshot);
    await consortium.anvil.call('evm_increaseTime', 100);
    await consortium.mine(12);
    await headIs(follower, block + 3);
    await follower.stop();

    const { snapshot: kept } = await store.load();
    await store.compact({ number: kept!.number, bytes: new Uint8Array([1]) });
    const anew = await consortium.follower({ finality }, store);
    expect(anew.view.grant(one.hash)).to.include({ withdrawn: true, registeredFinal: false });
    anew.start();
    await until(anew, () => anew.view.grant(one.hash)?.registeredFinal === true);
    expect(anew.view.grant(one.hash)).to.include({ withdrawn: true });
  });

  it('are the same read over ranges, block by block, or from a snapshot', async () => {
    const own = consortium.writer(bank);
    const ended = grantOf('ended', bank.id, { validTo: Math.floor(Date.now() / 1000) + 86_400 });
    await carrier.registerGrants([await sign.registration(one), await sign.registration(ended)]);
    await own.consumeGrants([{ terms: one.terms, queryId: query(1) }]);
    const store = new MemoryChainStore();
    const early = await consortium.follower({ snapshotEvery: 1 }, store);
    early.start();
    await early.caughtUp();
    await consortium.mine(30);
    await early.stop();
    expect(early.view.grant(ended.hash)).to.include({ registeredFinal: true });
    await consortium.anvil.call('evm_increaseTime', 30 * 86_400);
    await consortium.mine(30);
    await own.consumeGrants([{ terms: one.terms, queryId: query(2) }]);
    await consortium.mine(30);

    const followers = [
      await consortium.follower({}, store),
      await consortium.follower({ batchBlocks: 4, rangeBlocks: 16 }),
      await consortium.follower({ batchBlocks: 1_000 }),
    ];
    for (const follower of followers) {
      follower.start();
      await follower.caughtUp();
      expect(follower.view.grant(one.hash)).to.include({ usesLeft: 0, registeredFinal: true });
      expect(follower.view.consumption(one.hash, query(1))).to.include({ final: true });
      // Its end is long past.
      expect(follower.view.grant(ended.hash)).to.equal(undefined);
    }
  });

  it('go in batches as large as the contract takes', async () => {
    const { rpc, contracts } = consortium;
    const data = artifact('GrantRegistry').abi.encodeFunctionData('MAX_BATCH');
    const most = await rpc.request<string>('eth_call', [{ to: contracts.grantRegistry, data }, 'latest']);
    expect(Number(most)).to.equal(GRANT_BATCH);
    const items = await Promise.all(
      Array.from({ length: GRANT_BATCH + 1 }, (_, n) => sign.registration(grantOf(`${n}`, bank.id))),
    );
    const refused = await carrier.registerGrants(items).catch((error: unknown) => error);
    expect(XinlianError.is(refused, 'TOO_LARGE')).to.equal(true);
    expect(new Set(errors(await carrier.registerGrants(items.slice(1))))).to.deep.equal(new Set(['ok']));
  });

  for (const contract of ['grantRegistry', 'logAnchor', 'recognitionRegistry'] as const) {
    it(`are not followed where the ${contract} is of another consortium`, async () => {
      const foreign = await deployConsortium(
        { chainId: consortium.contracts.chainId, deployment: REASON, founders: [bodyOf(7).admission], threshold: 1 },
        consortium.submitter(bank.signer),
      );
      const mixed: ConsortiumContracts = { ...consortium.contracts, [contract]: foreign[contract] };
      const { log, warning } = warned();
      const follower = await consortium.follower({ contracts: mixed }, undefined, log);
      follower.start();
      await warning;
      expect(XinlianError.is(follower.status.fault, 'CHAIN_WRONG')).to.equal(true);
      expect(follower.view.head()).to.equal(undefined);
    });
  }
});

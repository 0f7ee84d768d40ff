import { expect } from 'chai';
import { globalOptions } from 'hardhat';
import { ZeroHash } from 'ethers';
import type { ContractTransactionResponse } from 'ethers';
import type { Consumption, GrantRegistryContract, Registration, Withdrawal } from './helpers/contract-types.ts';
import { digest, stranger } from './helpers/consortium.ts';
import type { Consortium } from './helpers/consortium.ts';
import { DEADLINE, FAR, GrantSigner, bank, grant, grantConsortium, otherBank, regulator } from './helpers/grants.ts';
import type { Grant } from './helpers/grants.ts';
import { NONE, spoiled } from './helpers/signatures.ts';

const reason = digest('reason');
const query = (n: number) => digest(`query ${n}`);

interface Items {
  registerBatch: Registration;
  withdrawBatch: Withdrawal;
  consumeBatch: Consumption;
}

const DONE = {
  registerBatch: 'GrantRegistered',
  withdrawBatch: 'GrantWithdrawn',
  consumeBatch: 'GrantConsumed',
} satisfies Record<keyof Items, string>;

describe('GrantRegistry: batches', () => {
  let c: Consortium;
  let sign: GrantSigner;
  let own: GrantRegistryContract;

  beforeEach(async () => {
    c = await grantConsortium();
    sign = await GrantSigner.create(c);
    own = await c.grantsAs(bank.wallet.address);
  });

  const register = (of: Grant) =>
    c.grants.register({ terms: of.terms, deadline: DEADLINE, signature: sign.registration(of) });
  const registration = (of: Grant): Registration => ({
    terms: of.terms,
    deadline: DEADLINE,
    signature: sign.registration(of),
  });
  const withdrawal = (of: Grant): Withdrawal => ({ terms: of.terms, signature: sign.withdrawal(of) });
  const consumption = (of: Grant, n: number): Consumption => ({
    terms: of.terms,
    queryId: query(n),
    deadline: DEADLINE,
    signature: sign.consumption(of, query(n)),
  });
  const direct = (of: Grant, n: number): Consumption => ({
    terms: of.terms,
    queryId: query(n),
    deadline: 0,
    signature: NONE,
  });

  /** Name of each event in order; of a failed item its index and error. */
  async function told(transaction: ContractTransactionResponse): Promise<string[]> {
    const receipt = await transaction.wait();
    return receipt!.logs.map((log) => {
      const { name, args } = c.grants.interface.parseLog(log)!;
      if (name !== 'GrantItemFailed') return name;
      return `${args['index']} ${c.grants.interface.parseError(args['reason'] as string)!.name}`;
    });
  }

  /** What the single form reverts with, as bytes. */
  async function revertOf(call: Promise<unknown>): Promise<string> {
    try {
      await call;
    } catch (error) {
      for (let cause = error; cause instanceof Error; cause = cause.cause) {
        const { data } = cause as { data?: unknown };
        if (typeof data === 'string') return data;
      }
      throw error;
    }
    throw new Error('wanted a revert, got none');
  }

  /** The grants, the queries consumed and the uses left: what a bad item must leave as it was. */
  async function stateOf(grants: readonly Grant[]): Promise<unknown[]> {
    return Promise.all(
      grants.map(async ({ hash }) => {
        const { registeredAt, usesLeft, withdrawn, suspended } = await c.grants.stateOf(hash);
        const consumed = await Promise.all([1, 2, 3, 4].map((n) => c.grants.isConsumed(hash, query(n))));
        return { registeredAt, usesLeft, withdrawn, suspended, consumed };
      }),
    );
  }

  const [first, last] = [grant('first'), grant('last')];
  const good = grant('good');

  /** A bad item in the midst of good ones: they go on, it changes nothing, and its error is that of the single form. */
  async function failsAlone<B extends keyof Items>(
    batch: B,
    [before, bad, after]: [Items[B], Items[B], Items[B]],
    single: (item: Items[B]) => Promise<unknown>,
    error: string,
    grants: GrantRegistryContract = c.grants,
  ): Promise<void> {
    const state = await stateOf([good]);
    const send = grants[batch] as (items: Items[B][]) => Promise<ContractTransactionResponse>;
    // Errors that name the time name the same one.
    const now = (await c.networkHelpers.time.latest()) + 10;
    await c.networkHelpers.time.setNextBlockTimestamp(now);
    const alone = await revertOf(single(bad));
    await c.networkHelpers.time.setNextBlockTimestamp(now);
    const transaction = await send([before, bad, after]);
    expect(await told(transaction)).to.deep.equal([DONE[batch], `1 ${error}`, DONE[batch]]);
    expect(await stateOf([good])).to.deep.equal(state);
    const receipt = await transaction.wait();
    expect(c.grants.interface.parseLog(receipt!.logs[1]!)!.args['reason']).to.equal(alone);
  }

  describe('registerBatch', () => {
    const single = (item: Registration) => c.grants.register(item);

    it('registers each grant as if alone', async () => {
      const grants = [1, 2, 3].map((n) => grant(`${n}`));
      const transaction = await (await c.grantsAs(stranger(1))).registerBatch(grants.map(registration));
      expect(await told(transaction)).to.deep.equal(grants.map(() => 'GrantRegistered'));
      for (const { hash } of grants) expect((await c.grants.stateOf(hash)).usesLeft).to.equal(3n);
    });

    it('takes a grant once, where it comes twice', async () => {
      const transaction = await c.grants.registerBatch([registration(good), registration(good)]);
      expect(await told(transaction)).to.deep.equal(['GrantRegistered', '1 GrantRegistryAlreadyRegistered']);
    });

    const bad: [error: string, item: () => Registration | Promise<Registration>][] = [
      [
        'GrantRegistryDeadlinePassed',
        () => ({ ...registration(good), deadline: 1, signature: sign.registration(good, 1) }),
      ],
      ['GrantRegistryIncompleteTerms', () => registration(grant('good', { artefact: ZeroHash }))],
      ['GrantRegistryEmptyTerm', () => registration(grant('good', { validFrom: FAR }))],
      ['GrantRegistryEnded', () => registration(grant('good', { validTo: 1 }))],
      [
        'GrantRegistryWithdrawn',
        async () => {
          await c.grants.withdraw({ terms: good.terms, signature: sign.withdrawal(good) });
          return registration(good);
        },
      ],
      [
        'GrantRegistryAlreadyRegistered',
        async () => {
          await register(good);
          return registration(good);
        },
      ],
      ['GrantRegistryInvalidSignature', () => ({ ...registration(good), signature: sign.registration(last) })],
    ];
    for (const [error, item] of bad) {
      it(`${error} fails alone`, async () => {
        await failsAlone('registerBatch', [registration(first), await item(), registration(last)], single, error);
      });
    }
  });

  describe('withdrawBatch', () => {
    const single = (item: Withdrawal) => c.grants.withdraw(item);

    it('withdraws each grant as if alone, registered or not', async () => {
      await register(first);
      const transaction = await (await c.grantsAs(stranger(1))).withdrawBatch([first, last].map(withdrawal));
      expect(await told(transaction)).to.deep.equal(['GrantWithdrawn', 'GrantWithdrawn']);
      for (const { hash } of [first, last]) expect((await c.grants.stateOf(hash)).withdrawn).to.equal(true);
    });

    it('GrantRegistryWithdrawn fails alone', async () => {
      await c.grants.withdraw({ terms: good.terms, signature: sign.withdrawal(good) });
      const items: [Withdrawal, Withdrawal, Withdrawal] = [withdrawal(first), withdrawal(good), withdrawal(last)];
      await failsAlone('withdrawBatch', items, single, 'GrantRegistryWithdrawn');
    });

    it('GrantRegistryInvalidSignature fails alone, however it is spoiled', async () => {
      for (const [n, [, signature]] of spoiled(sign.withdrawal(good)).entries()) {
        const [before, after] = [grant(`before ${n}`), grant(`after ${n}`)];
        await failsAlone(
          'withdrawBatch',
          [withdrawal(before), { ...withdrawal(good), signature }, withdrawal(after)],
          single,
          'GrantRegistryInvalidSignature',
        );
      }
    });
  });

  describe('consumeBatch', () => {
    const single = (item: Consumption) =>
      item.signature === NONE ? own.consume(item.terms, item.queryId) : own.consumeFor(item);

    beforeEach(async () => {
      await register(first);
      await register(last);
    });

    it('takes what is signed and what is the sender’s own, of one grant or several', async () => {
      const transaction = await own.consumeBatch([
        direct(first, 1),
        consumption(first, 2),
        direct(first, 3),
        consumption(last, 1),
      ]);
      expect(await told(transaction)).to.deep.equal(Array.from({ length: 4 }, () => 'GrantConsumed'));
      expect((await c.grants.stateOf(first.hash)).usesLeft).to.equal(0n);
      expect((await c.grants.stateOf(last.hash)).usesLeft).to.equal(2n);
    });

    it('takes what is signed from anyone, and nothing that is not', async () => {
      const anyone = await c.grantsAs(stranger(1));
      const transaction = await anyone.consumeBatch([consumption(first, 1), direct(first, 2)]);
      expect(await told(transaction)).to.deep.equal(['GrantConsumed', '1 GrantRegistryNotGrantee']);
    });

    it('takes a query id once, and no more of them than there are uses', async () => {
      const transaction = await own.consumeBatch([
        direct(first, 1),
        consumption(first, 1),
        direct(first, 2),
        direct(first, 3),
        direct(first, 4),
      ]);
      expect(await told(transaction)).to.deep.equal([
        'GrantConsumed',
        '1 GrantRegistryAlreadyConsumed',
        'GrantConsumed',
        'GrantConsumed',
        '4 GrantRegistryUsedUp',
      ]);
    });

    const bad: [error: string, prepare: () => unknown, of?: Grant][] = [
      ['GrantRegistryNotRegistered', () => undefined],
      ['GrantRegistryWithdrawn', () => c.grants.withdraw({ terms: good.terms, signature: sign.withdrawal(good) })],
      [
        'GrantRegistrySuspended',
        async () => {
          await register(good);
          await (await c.grantsAs(regulator.wallet.address)).suspend(good.hash, reason);
        },
      ],
      [
        'GrantRegistryNotYetValid',
        () => register(grant('good', { validFrom: FAR - 1 })),
        grant('good', { validFrom: FAR - 1 }),
      ],
      ['GrantRegistryUncounted', () => register(grant('good', { uses: 0 })), grant('good', { uses: 0 })],
      [
        'GrantRegistryNotGrantee',
        () => register(grant('good', { grantee: otherBank.id })),
        grant('good', { grantee: otherBank.id }),
      ],
      [
        'GrantRegistryAlreadyConsumed',
        async () => {
          await register(good);
          await own.consume(good.terms, query(2));
        },
      ],
      [
        'GrantRegistryUsedUp',
        async () => {
          const once = grant('good', { uses: 1 });
          await register(once);
          await own.consume(once.terms, query(1));
        },
        grant('good', { uses: 1 }),
      ],
    ];
    for (const [error, prepare, of = good] of bad) {
      for (const [kind, item] of [
        ['signed', consumption],
        ['direct', direct],
      ] as const) {
        it(`${error} fails alone, ${kind}`, async () => {
          await prepare();
          await failsAlone('consumeBatch', [direct(first, 1), item(of, 2), consumption(last, 1)], single, error, own);
        });
      }
    }

    it('GrantRegistryEnded fails alone', async () => {
      const now = await c.networkHelpers.time.latest();
      const ended = grant('good', { validTo: now + 100 });
      await register(ended);
      await c.networkHelpers.time.increase(1_000);
      const items: [Consumption, Consumption, Consumption] = [direct(first, 1), direct(ended, 1), direct(last, 1)];
      await failsAlone('consumeBatch', items, single, 'GrantRegistryEnded', own);
    });

    it('GrantRegistryDeadlinePassed fails alone', async () => {
      await register(good);
      const late = {
        ...consumption(good, 1),
        deadline: 1,
        signature: sign.consumption(good, query(1), { deadline: 1 }),
      };
      const items: [Consumption, Consumption, Consumption] = [direct(first, 1), late, direct(last, 1)];
      await failsAlone('consumeBatch', items, single, 'GrantRegistryDeadlinePassed', own);
    });

    it('takes a signature that is none for nobody’s', async () => {
      await register(good);
      const broken = spoiled(sign.consumption(good, query(1))).filter(([why]) => why !== 'none');
      const transaction = await own.consumeBatch(
        broken.map(([, signature]) => ({ ...consumption(good, 1), signature })),
      );
      expect(await told(transaction)).to.deep.equal(broken.map((_, i) => `${i} GrantRegistryNotGrantee`));
    });

    it('fails as a whole for want of gas, wherever it runs out: no item for itself', async function () {
      // Coverage puts instructions of its own between those that are measured.
      if (globalOptions.coverage) this.skip();
      const items = [direct(first, 1), consumption(first, 2), consumption(last, 1), direct(last, 2)];
      let refused = 0;
      let done: string[] | undefined;
      for (let gasLimit = 40_000; done === undefined; gasLimit += 1_777) {
        done = await own.consumeBatch(items, { gasLimit }).then(told, (error: Error) => {
          if (!/gas|revert/i.test(error.message)) throw error;
          refused++;
          return undefined;
        });
      }
      expect(refused).to.be.greaterThan(20);
      expect(done).to.deep.equal(items.map(() => 'GrantConsumed'));
    });
  });

  it('may be empty, and have at most 64 items, whatever they are', async () => {
    const items = <T>(length: number, item: (n: number) => T) => Array.from({ length }, (_, n) => item(n));
    const of = (n: number) => grant(`${n}`, { uses: 0xffff });
    for (const length of [65, 200]) {
      for (const call of [
        c.grants.registerBatch(items(length, (n) => registration(of(n)))),
        c.grants.withdrawBatch(items(length, (n) => withdrawal(of(n)))),
        c.grants.consumeBatch(items(length, (n) => consumption(of(n), n))),
      ]) {
        await expect(call).to.be.revertedWithCustomError(c.grants, 'GrantRegistryBatchTooLarge').withArgs(length, 64);
      }
    }
    for (const length of [0, 64]) {
      expect(await told(await c.grants.registerBatch(items(length, (n) => registration(of(n)))))).to.have.length(
        length,
      );
      expect(await told(await c.grants.consumeBatch(items(length, (n) => consumption(of(n), n))))).to.have.length(
        length,
      );
      expect(await told(await c.grants.withdrawBatch(items(length, (n) => withdrawal(of(n)))))).to.have.length(length);
    }
    for (let n = 0; n < 64; n++) {
      const { usesLeft, withdrawn } = await c.grants.stateOf(of(n).hash);
      expect([usesLeft, withdrawn]).to.deep.equal([0xfffen, true]);
    }
  });
});

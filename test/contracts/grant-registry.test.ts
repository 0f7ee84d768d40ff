import { expect } from 'chai';
import { ZeroAddress, ZeroHash, id, keccak256 } from 'ethers';
import type { ContractTransactionResponse } from 'ethers';
import { Roles } from './helpers/contract-types.ts';
import type { CompactSignature, GrantTerms } from './helpers/contract-types.ts';
import { body, deployment, digest, stranger, walletOf } from './helpers/consortium.ts';
import type { Consortium } from './helpers/consortium.ts';
import {
  DEADLINE,
  FAR,
  GrantSigner,
  bank,
  grant,
  grantConsortium,
  hashOf,
  identifier,
  regulator,
} from './helpers/grants.ts';
import type { Domain, Grant } from './helpers/grants.ts';
import { spoiled } from './helpers/signatures.ts';

const reason = digest('reason');
const one = grant('one');

describe('GrantRegistry: grants', () => {
  let c: Consortium;
  let sign: GrantSigner;

  beforeEach(async () => {
    c = await grantConsortium();
    sign = await GrantSigner.create(c);
  });

  async function refuses(promise: Promise<unknown>, error: string, ...args: unknown[]): Promise<void> {
    await expect(promise)
      .to.be.revertedWithCustomError(c.grants, error)
      .withArgs(...args);
  }

  async function state(
    of: Grant,
  ): Promise<[registered: boolean, usesLeft: bigint, withdrawn: boolean, suspended: boolean]> {
    const { registeredAt, usesLeft, withdrawn, suspended } = await c.grants.stateOf(of.hash);
    return [registeredAt !== 0n, usesLeft, withdrawn, suspended];
  }

  const register = (of: Grant) =>
    c.grants.register({ terms: of.terms, deadline: DEADLINE, signature: sign.registration(of) });
  const withdraw = (of: Grant) => c.grants.withdraw({ terms: of.terms, signature: sign.withdrawal(of) });
  const suspend = async (of: Grant) => (await c.grantsAs(regulator.wallet.address)).suspend(of.hash, reason);
  const resume = async (of: Grant) => (await c.grantsAs(regulator.wallet.address)).resume(of.hash);
  const withdrawFor = async (of: Grant) => (await c.grantsAs(identifier.wallet.address)).withdrawFor(of.hash, reason);

  async function timeOf(transaction: ContractTransactionResponse): Promise<number> {
    const receipt = await transaction.wait();
    return (await c.ethers.provider.getBlock(receipt!.blockNumber))!.timestamp;
  }

  /** What the next transaction sees as now. */
  const at = (time: number) => c.networkHelpers.time.setNextBlockTimestamp(time);

  it('belongs to its consortium, and says what it signs in', async () => {
    const address = await c.grants.getAddress();
    expect(await c.grants.membership()).to.equal(await c.membership.getAddress());
    const { fields, chainId, verifyingContract, salt } = await c.grants.eip712Domain();
    expect([fields, chainId, verifyingContract, salt]).to.deep.equal(['0x1f', 31337n, address, deployment]);
    expect(await c.grants.grantHash(one.terms)).to.equal(one.hash);
    expect(await c.grants.MAX_BATCH()).to.equal(64n);
  });

  it('gives every term its part in the hash', async () => {
    const changes: Partial<GrantTerms>[] = [
      { artefact: digest('other') },
      { key: stranger(1) },
      { grantee: digest('other') },
      { validFrom: 1 },
      { validTo: FAR + 1 },
      { uses: 4 },
    ];
    const hashes = await Promise.all(changes.map((change) => c.grants.grantHash({ ...one.terms, ...change })));
    expect(new Set([one.hash, ...hashes]).size).to.equal(changes.length + 1);
    expect(hashes).to.deep.equal(changes.map((change) => hashOf({ ...one.terms, ...change })));
  });

  describe('register', () => {
    it('is for anyone who has the grant key’s word, and says all in its event', async () => {
      const anyone = await c.grantsAs(stranger(1));
      const transaction = await anyone.register({
        terms: one.terms,
        deadline: DEADLINE,
        signature: sign.registration(one),
      });
      await expect(transaction)
        .to.emit(c.grants, 'GrantRegistered')
        .withArgs(one.hash, bank.id, Object.values(one.terms));
      const { registeredAt, usesLeft, withdrawn, suspended } = await c.grants.stateOf(one.hash);
      expect([Number(registeredAt), usesLeft, withdrawn, suspended]).to.deep.equal([
        await timeOf(transaction),
        3n,
        false,
        false,
      ]);
    });

    it('takes uncounted grants, the most uses, and the last second of all', async () => {
      const term = grant('term', { uses: 0 });
      const most = grant('most', { uses: 0xffff, validFrom: 0xfffffffe, validTo: 0xffffffff });
      await register(term);
      await register(most);
      expect(await state(term)).to.deep.equal([true, 0n, false, false]);
      expect(await state(most)).to.deep.equal([true, 0xffffn, false, false]);
    });

    it('does not ask who the grantee is: it may join later', async () => {
      const early = grant('early', { grantee: body(20).id });
      await register(early);
      expect(await state(early)).to.deep.equal([true, 3n, false, false]);
    });

    it('takes the signature up to its deadline', async () => {
      const now = await c.networkHelpers.time.latest();
      await at(now + 100);
      await c.grants.register({ terms: one.terms, deadline: now + 100, signature: sign.registration(one, now + 100) });
      const two = grant('two');
      await at(now + 200);
      await refuses(
        c.grants.register({ terms: two.terms, deadline: now + 199, signature: sign.registration(two, now + 199) }),
        'GrantRegistryDeadlinePassed',
        now + 199,
        now + 200,
      );
    });

    it('takes the largest deadline', async () => {
      const most = 2n ** 64n - 1n;
      await c.grants.register({ terms: one.terms, deadline: most, signature: sign.registration(one, most) });
    });

    it('refuses terms that have ended, to the second', async () => {
      const now = await c.networkHelpers.time.latest();
      const ended = grant('ended', { validTo: now + 100 });
      await at(now + 100);
      await refuses(register(ended), 'GrantRegistryEnded', ended.hash, now + 100, now + 100);
      const last = grant('last', { validTo: now + 201 });
      await at(now + 200);
      await register(last);
    });

    it('refuses a term without a second in it', async () => {
      for (const validFrom of [FAR, FAR + 1]) {
        await refuses(register(grant('none', { validFrom })), 'GrantRegistryEmptyTerm', validFrom, FAR);
      }
      await register(grant('one second', { validFrom: FAR - 1 }));
    });

    for (const [name, part] of [
      ['artefact', { artefact: ZeroHash }],
      ['key', { key: ZeroAddress }],
      ['grantee', { grantee: ZeroHash }],
    ] as const) {
      it(`refuses terms without ${name}`, async () => {
        const { terms } = grant('incomplete', part);
        await refuses(
          register(grant('incomplete', part)),
          'GrantRegistryIncompleteTerms',
          terms.artefact,
          terms.key,
          terms.grantee,
        );
      });
    }

    it('refuses a second time', async () => {
      const registeredAt = await timeOf(await register(one));
      await refuses(register(one), 'GrantRegistryAlreadyRegistered', one.hash, registeredAt);
    });

    it('refuses what was withdrawn, before or after it was registered, by the key or for it', async () => {
      await withdraw(one);
      const [two, three] = [grant('two'), grant('three')];
      await register(two);
      await withdraw(two);
      await withdrawFor(three);
      for (const each of [one, two, three]) await refuses(register(each), 'GrantRegistryWithdrawn', each.hash);
      expect(await state(one)).to.deep.equal([false, 0n, true, false]);
      expect(await state(two)).to.deep.equal([true, 3n, true, false]);
      expect(await state(three)).to.deep.equal([false, 0n, true, false]);
    });

    it('leaves a grant suspended that was so before', async () => {
      await suspend(one);
      expect(await state(one)).to.deep.equal([false, 0n, false, true]);
      await register(one);
      expect(await state(one)).to.deep.equal([true, 3n, false, true]);
    });

    it('refuses every signature that is none', async () => {
      for (const [why, signature] of spoiled(sign.registration(one))) {
        await refuses(
          c.grants.register({ terms: one.terms, deadline: DEADLINE, signature }),
          'GrantRegistryInvalidSignature',
          one.terms.key,
          ZeroAddress,
        );
        expect((await state(one))[0], why).to.equal(false);
      }
    });

    it('refuses the word of another key, of another grant, until another time, or of another act', async () => {
      const two = grant('two');
      const foreign: [string, CompactSignature][] = [
        ['another key', sign.registration({ ...one, key: two.key })],
        ['another grant', sign.registration({ ...two, key: one.key })],
        ['another deadline', sign.registration(one, DEADLINE - 1)],
        ['a withdrawal', sign.withdrawal(one)],
        ['a consumption', sign.consumption(one, ZeroHash, { wallet: one.key })],
      ];
      for (const [why, signature] of foreign) {
        await expect(
          c.grants.register({ terms: one.terms, deadline: DEADLINE, signature }),
          why,
        ).to.be.revertedWithCustomError(c.grants, 'GrantRegistryInvalidSignature');
      }
    });

    for (const [name, domain] of [
      ['chain', { chainId: 1n }],
      ['contract', { verifyingContract: stranger(1) }],
      ['deployment', { salt: digest('another consortium') }],
    ] as [string, Domain][]) {
      it(`refuses what was signed for another ${name}`, async () => {
        await expect(
          c.grants.register({
            terms: one.terms,
            deadline: DEADLINE,
            signature: sign.registration(one, DEADLINE, domain),
          }),
        ).to.be.revertedWithCustomError(c.grants, 'GrantRegistryInvalidSignature');
        await expect(
          c.grants.withdraw({ terms: one.terms, signature: sign.withdrawal(one, domain) }),
        ).to.be.revertedWithCustomError(c.grants, 'GrantRegistryInvalidSignature');
      });
    }
  });

  it('knows one spelling of terms: nothing in another is ever registered or used', async () => {
    const to = await c.grants.getAddress();
    const refusal = (data: string) =>
      c.ethers.provider.call({ to, from: bank.wallet.address, data }).then(
        () => 'none',
        (error: { data?: string }) => error.data ?? 'no data',
      );
    await register(one);
    for (const [name, word] of Object.entries({ key: 1, validFrom: 3, validTo: 4, uses: 5 })) {
      /** The highest byte of that word, after the selector. */
      const dirty = (data: string) => `${data.slice(0, 10 + 64 * word)}01${data.slice(12 + 64 * word)}`;
      const words = dirty(c.grants.interface.encodeFunctionData('grantHash', [one.terms])).slice(10);
      const type =
        'GrantTerms(bytes32 artefact,address key,bytes32 grantee,uint32 validFrom,uint32 validTo,uint16 uses)';
      const hash = keccak256(`${id(type)}${words}`);
      const signed = { terms: one.terms, deadline: DEADLINE, signature: sign.registration({ ...one, hash }) };
      const registration = c.grants.interface.encodeFunctionData('register', [signed]);
      expect(await refusal(dirty(registration)), name).to.equal('0x');
      const consumption = c.grants.interface.encodeFunctionData('consume', [one.terms, digest('query')]);
      const got = await refusal(dirty(consumption));
      expect(c.grants.interface.parseError(got)?.name, name).to.equal('GrantRegistryNotRegistered');
    }
  });

  describe('withdraw', () => {
    it('ends a grant for good, for anyone who has the grant key’s word', async () => {
      await register(one);
      await expect((await c.grantsAs(stranger(1))).withdraw({ terms: one.terms, signature: sign.withdrawal(one) }))
        .to.emit(c.grants, 'GrantWithdrawn')
        .withArgs(one.hash, ZeroHash, ZeroHash);
      expect(await state(one)).to.deep.equal([true, 3n, true, false]);
      await refuses(withdraw(one), 'GrantRegistryWithdrawn', one.hash);
      await refuses(withdrawFor(one), 'GrantRegistryWithdrawn', one.hash);
    });

    it('works whatever else happened to the grant, and after its end', async () => {
      const now = await c.networkHelpers.time.latest();
      const ended = grant('ended', { validTo: now + 100 });
      await register(ended);
      await suspend(ended);
      await at(now + 1_000);
      await withdraw(ended);
      expect(await state(ended)).to.deep.equal([true, 3n, true, true]);
    });

    it('refuses every signature that is none, for a key of zero too', async () => {
      const zero = grant('zero', { key: ZeroAddress });
      for (const each of [one, zero]) {
        for (const [, signature] of spoiled(sign.withdrawal(each))) {
          await refuses(
            c.grants.withdraw({ terms: each.terms, signature }),
            'GrantRegistryInvalidSignature',
            each.terms.key,
            ZeroAddress,
          );
        }
      }
    });

    it('refuses the word of another key, and other terms under the right one', async () => {
      await register(one);
      const { address } = walletOf('another');
      const foreign = sign.withdrawal({ ...one, key: walletOf('another') });
      await refuses(
        c.grants.withdraw({ terms: one.terms, signature: foreign }),
        'GrantRegistryInvalidSignature',
        one.terms.key,
        address,
      );
      await expect(
        c.grants.withdraw({ terms: { ...one.terms, uses: 4 }, signature: sign.withdrawal(one) }),
      ).to.be.revertedWithCustomError(c.grants, 'GrantRegistryInvalidSignature');
      expect(await state(one)).to.deep.equal([true, 3n, false, false]);
    });
  });

  describe('withdrawFor', () => {
    it('ends a grant whose key is lost, and says who did it and why', async () => {
      await register(one);
      await expect(withdrawFor(one)).to.emit(c.grants, 'GrantWithdrawn').withArgs(one.hash, identifier.id, reason);
      await refuses(withdrawFor(one), 'GrantRegistryWithdrawn', one.hash);
      await refuses(withdraw(one), 'GrantRegistryWithdrawn', one.hash);
    });
  });

  describe('suspend and resume', () => {
    it('take turns', async () => {
      await register(one);
      await expect(suspend(one)).to.emit(c.grants, 'GrantSuspended').withArgs(one.hash, regulator.id, reason);
      await refuses(suspend(one), 'GrantRegistrySuspended', one.hash);
      await expect(resume(one)).to.emit(c.grants, 'GrantResumed').withArgs(one.hash, regulator.id);
      expect(await state(one)).to.deep.equal([true, 3n, false, false]);
      await refuses(resume(one), 'GrantRegistryNotSuspended', one.hash);
      await suspend(one);
    });

    it('leave a grant that was withdrawn as it is', async () => {
      await suspend(one);
      await withdraw(one);
      await refuses(suspend(one), 'GrantRegistryWithdrawn', one.hash);
      await refuses(resume(one), 'GrantRegistryWithdrawn', one.hash);
      expect(await state(one)).to.deep.equal([false, 0n, true, true]);
    });
  });

  for (const [name, role, entitled] of [
    ['withdrawFor', Roles.IDENTIFIER, identifier],
    ['suspend', Roles.REGULATOR, regulator],
    ['resume', Roles.REGULATOR, regulator],
  ] as const) {
    it(`${name} is for the current account of an active member with the role alone`, async () => {
      const act = async (account: string) => {
        const grants = await c.grantsAs(account);
        return name === 'resume' ? grants.resume(one.hash) : grants[name](one.hash, reason);
      };
      if (name === 'resume') await suspend(one);
      const everything = body(14, { roles: Roles.ALL & ~role });
      await c.vote('admit', [everything.admission]);
      const { address } = entitled.wallet;
      for (const account of [stranger(1), everything.wallet.address]) {
        await refuses(act(account), 'GrantRegistryUnauthorized', account, role);
      }
      await c.vote('suspend', [entitled.id, reason]);
      await refuses(act(address), 'GrantRegistryUnauthorized', address, role);
      await c.vote('resume', [entitled.id]);
      await c.vote('resetTransactionKey', [entitled.id, stranger(2)]);
      await refuses(act(address), 'GrantRegistryUnauthorized', address, role);
      await act(stranger(2));
    });
  }
});

import { expect } from 'chai';
import { ZeroAddress, ZeroHash } from 'ethers';
import { Roles } from './helpers/contract-types.ts';
import type { CompactSignature, GrantRegistryContract } from './helpers/contract-types.ts';
import { body, digest, stranger } from './helpers/consortium.ts';
import type { Body, Consortium } from './helpers/consortium.ts';
import {
  DEADLINE,
  GrantSigner,
  bank,
  grant,
  grantConsortium,
  identifier,
  otherBank,
  regulator,
} from './helpers/grants.ts';
import type { Domain, Grant } from './helpers/grants.ts';
import { NONE, spoiled } from './helpers/signatures.ts';

const reason = digest('reason');
const query = (n: number) => digest(`query ${n}`);
const one = grant('one');

describe('GrantRegistry: consumption', () => {
  let c: Consortium;
  let sign: GrantSigner;
  let own: GrantRegistryContract;

  beforeEach(async () => {
    c = await grantConsortium();
    sign = await GrantSigner.create(c);
    own = await c.grantsAs(bank.wallet.address);
    await register(one);
  });

  async function refuses(promise: Promise<unknown>, error: string, ...args: unknown[]): Promise<void> {
    await expect(promise)
      .to.be.revertedWithCustomError(c.grants, error)
      .withArgs(...args);
  }

  async function register(of: Grant): Promise<void> {
    await c.grants.register({ terms: of.terms, deadline: DEADLINE, signature: sign.registration(of) });
  }

  const at = (time: number) => c.networkHelpers.time.setNextBlockTimestamp(time);

  /** Both ways to consume: from the bank's own account, and by anyone who has its signature. */
  const ways: [name: string, consume: (of: Grant, queryId: string) => Promise<unknown>][] = [
    ['consume', async ({ terms }, queryId) => own.consume(terms, queryId)],
    [
      'consumeFor',
      async (of, queryId) => {
        const anyone = await c.grantsAs(stranger(1));
        return anyone.consumeFor({
          terms: of.terms,
          queryId,
          deadline: DEADLINE,
          signature: sign.consumption(of, queryId),
        });
      },
    ],
  ];

  for (const [name, consume] of ways) {
    describe(name, () => {
      it('counts each query id once, down to the last use', async () => {
        for (const [n, left] of [
          [1, 2],
          [2, 1],
          [3, 0],
        ] as const) {
          expect(await c.grants.isConsumed(one.hash, query(n))).to.equal(false);
          await expect(consume(one, query(n)))
            .to.emit(c.grants, 'GrantConsumed')
            .withArgs(one.hash, query(n), left);
          expect(await c.grants.isConsumed(one.hash, query(n))).to.equal(true);
          expect((await c.grants.stateOf(one.hash)).usesLeft).to.equal(BigInt(left));
        }
        await refuses(consume(one, query(4)), 'GrantRegistryUsedUp', one.hash, 3);
        expect(await c.grants.isConsumed(one.hash, query(4))).to.equal(false);
      });

      it('refuses a query id a second time, whichever way it came first, also when no use is left', async () => {
        for (const [n, [, first]] of ways.entries()) {
          await first(one, query(n));
          await refuses(consume(one, query(n)), 'GrantRegistryAlreadyConsumed', one.hash, query(n));
        }
        await consume(one, query(2));
        await refuses(consume(one, query(0)), 'GrantRegistryAlreadyConsumed', one.hash, query(0));
      });

      it('tells the query of a one-off grant from any other, before and after', async () => {
        const single = grant('single', { uses: 1 });
        await register(single);
        expect(await c.grants.isConsumed(single.hash, query(1))).to.equal(false);
        await consume(single, query(1));
        await refuses(consume(single, query(1)), 'GrantRegistryAlreadyConsumed', single.hash, query(1));
        await refuses(consume(single, query(2)), 'GrantRegistryUsedUp', single.hash, 1);
        expect(await c.grants.isConsumed(single.hash, query(1))).to.equal(true);
        expect(await c.grants.isConsumed(single.hash, query(2))).to.equal(false);
      });

      it('counts a query id for one grant alone', async () => {
        const two = grant('two');
        await register(two);
        await consume(one, query(1));
        expect(await c.grants.isConsumed(two.hash, query(1))).to.equal(false);
        await consume(two, query(1));
      });

      it('takes any query id', async () => {
        await consume(one, ZeroHash);
        expect(await c.grants.isConsumed(one.hash, ZeroHash)).to.equal(true);
      });

      it('refuses a grant that is not registered, and terms that differ in anything', async () => {
        const two = grant('two');
        await refuses(consume(two, query(1)), 'GrantRegistryNotRegistered', two.hash);
        const more = grant('one', { uses: 4 });
        await refuses(consume(more, query(1)), 'GrantRegistryNotRegistered', more.hash);
      });

      it('refuses a grant that was withdrawn, registered or not', async () => {
        const two = grant('two');
        await c.grants.withdraw({ terms: one.terms, signature: sign.withdrawal(one) });
        await (await c.grantsAs(identifier.wallet.address)).withdrawFor(two.hash, reason);
        for (const each of [one, two]) await refuses(consume(each, query(1)), 'GrantRegistryWithdrawn', each.hash);
      });

      it('refuses a grant while it is suspended', async () => {
        const grants = await c.grantsAs(regulator.wallet.address);
        await grants.suspend(one.hash, reason);
        await refuses(consume(one, query(1)), 'GrantRegistrySuspended', one.hash);
        await grants.resume(one.hash);
        await consume(one, query(1));
      });

      it('works from the first second of the term to the last', async () => {
        const from = (await c.networkHelpers.time.latest()) + 1_000;
        const to = from + 10;
        const short = grant('short', { validFrom: from, validTo: to });
        await register(short);
        await c.account(stranger(1));
        await at(from - 1);
        await refuses(consume(short, query(1)), 'GrantRegistryNotYetValid', short.hash, from, from - 1);
        await at(from);
        await consume(short, query(1));
        await at(to - 1);
        await consume(short, query(2));
        await at(to);
        await refuses(consume(short, query(3)), 'GrantRegistryEnded', short.hash, to, to);
      });

      it('is not for uncounted grants', async () => {
        const term = grant('term', { uses: 0 });
        await register(term);
        await refuses(consume(term, query(1)), 'GrantRegistryUncounted', term.hash);
      });

      it('refuses a grantee that is suspended, or no bank', async () => {
        const refused = () =>
          refuses(consume(one, query(1)), 'GrantRegistryNotGrantee', one.hash, bank.id, bank.wallet.address);
        await c.vote('suspend', [bank.id, reason]);
        await refused();
        await c.vote('resume', [bank.id]);
        await c.vote('setRoles', [bank.id, Roles.ALL & ~Roles.BANK]);
        await refused();
        await c.vote('setRoles', [bank.id, Roles.BANK]);
        await consume(one, query(1));
      });

      it('refuses an account that the grantee gave up', async () => {
        await c.vote('resetTransactionKey', [bank.id, stranger(5)]);
        await refuses(consume(one, query(1)), 'GrantRegistryNotGrantee', one.hash, bank.id, bank.wallet.address);
      });
    });
  }

  it('consume is for the grantee alone', async () => {
    for (const { wallet } of [otherBank, regulator, c.bodies[0]!]) {
      const grants = await c.grantsAs(wallet.address);
      await refuses(grants.consume(one.terms, query(1)), 'GrantRegistryNotGrantee', one.hash, bank.id, wallet.address);
    }
  });

  it('consume is for a grantee that joined after the grant was registered', async () => {
    const joining = body(20, { roles: Roles.BANK });
    const early = grant('early', { grantee: joining.id });
    await register(early);
    const grants = await c.grantsAs(joining.wallet.address);
    const { address } = joining.wallet;
    await refuses(grants.consume(early.terms, query(1)), 'GrantRegistryNotGrantee', early.hash, joining.id, address);
    await c.vote('admit', [joining.admission]);
    await grants.consume(early.terms, query(1));
  });

  describe('consumeFor', () => {
    const consumeFor = (signature: CompactSignature, deadline: number = DEADLINE) =>
      c.grants.consumeFor({ terms: one.terms, queryId: query(1), deadline, signature });

    it('takes the signature up to its deadline', async () => {
      const now = await c.networkHelpers.time.latest();
      const late = now + 199;
      await at(now + 200);
      await refuses(
        consumeFor(sign.consumption(one, query(1), { deadline: late }), late),
        'GrantRegistryDeadlinePassed',
        late,
        now + 200,
      );
      await at(now + 300);
      await consumeFor(sign.consumption(one, query(1), { deadline: now + 300 }), now + 300);
    });

    it('takes the key that the grantee rotated to', async () => {
      const { wallet }: Body = body(30);
      await c.vote('resetTransactionKey', [bank.id, wallet.address]);
      await consumeFor(sign.consumption(one, query(1), { wallet }));
    });

    it('refuses every signature that is none', async () => {
      for (const [, signature] of spoiled(sign.consumption(one, query(1)))) {
        await refuses(consumeFor(signature), 'GrantRegistryNotGrantee', one.hash, bank.id, ZeroAddress);
      }
    });

    it('takes a signature that is none for nobody’s, where the grantee is nobody', async () => {
      const nobody = grant('nobody', { grantee: digest('nobody') });
      await register(nobody);
      await refuses(
        c.grants.consumeFor({ terms: nobody.terms, queryId: query(1), deadline: DEADLINE, signature: NONE }),
        'GrantRegistryNotGrantee',
        nobody.hash,
        nobody.terms.grantee,
        ZeroAddress,
      );
    });

    it('refuses the word of another, for another grant, query or time, or of another act', async () => {
      const { wallet } = bank;
      const foreign: [string, CompactSignature][] = [
        ['another bank', sign.consumption(one, query(1), { wallet: otherBank.wallet })],
        ['the grant key', sign.consumption(one, query(1), { wallet: one.key })],
        ['another grant', sign.consumption(grant('two'), query(1))],
        ['another query', sign.consumption(one, query(2))],
        ['another deadline', sign.consumption(one, query(1), { deadline: DEADLINE - 1 })],
        ['a registration', sign.registration({ ...one, key: wallet })],
        ['a withdrawal', sign.withdrawal({ ...one, key: wallet })],
      ];
      for (const [why, signature] of foreign) {
        await expect(consumeFor(signature), why).to.be.revertedWithCustomError(c.grants, 'GrantRegistryNotGrantee');
      }
    });

    for (const [name, domain] of [
      ['chain', { chainId: 1n }],
      ['contract', { verifyingContract: stranger(1) }],
      ['deployment', { salt: digest('another consortium') }],
    ] as [string, Domain][]) {
      it(`refuses what was signed for another ${name}`, async () => {
        const signature = sign.consumption(one, query(1), {}, domain);
        await expect(consumeFor(signature)).to.be.revertedWithCustomError(c.grants, 'GrantRegistryNotGrantee');
      });
    }

    it('cannot be replayed', async () => {
      const signature = sign.consumption(one, query(1));
      await consumeFor(signature);
      await refuses(consumeFor(signature), 'GrantRegistryAlreadyConsumed', one.hash, query(1));
      expect((await c.grants.stateOf(one.hash)).usesLeft).to.equal(2n);
    });
  });
});

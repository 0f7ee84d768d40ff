import { expect } from 'chai';
import { ZeroAddress, ZeroHash } from 'ethers';
import { KeyKind, Roles, Status, keyNames } from './helpers/contract-types.ts';
import type { Admission, Keys } from './helpers/contract-types.ts';
import { body, consortium, deployment, digest, rotationSignature, stranger, walletOf } from './helpers/consortium.ts';
import type { Body, Consortium } from './helpers/consortium.ts';

const reason = digest('reason');
const bank = body(10, { roles: Roles.BANK });

describe('Membership: members', () => {
  let c: Consortium;
  let first: Body;
  let second: Body;

  beforeEach(async () => {
    c = await consortium(3, 1);
    [first, second] = c.bodies as [Body, Body];
  });

  async function refuses(promise: Promise<unknown>, error: string, ...args: unknown[]): Promise<void> {
    await expect(promise)
      .to.be.revertedWithCustomError(c.membership, error)
      .withArgs(...args);
  }

  const admit = (changes: Partial<Admission>) => c.vote('admit', [{ ...bank.admission, ...changes }]);
  const withKeys = (changes: Partial<Keys>) => admit({ keys: { ...bank.admission.keys, ...changes } });

  describe('admit', () => {
    it('records standing and keys, and says all in its event', async () => {
      const transaction = await c.vote('admit', [bank.admission]);
      const receipt = await transaction.wait();
      const event = receipt!.logs
        .map((log) => c.membership.interface.parseLog(log)!)
        .find(({ name }) => name === 'MemberAdmitted');
      expect(event!.args['member']).to.equal(bank.id);
      expect(event!.args['admission'].toObject(true)).to.deep.equal({
        ...bank.admission,
        region: 320904n,
        roles: BigInt(Roles.BANK),
      });
      const standing = await c.membership.standing(bank.id);
      expect([standing.transaction, standing.roles, standing.region, standing.status]).to.deep.equal([
        bank.wallet.address,
        BigInt(Roles.BANK),
        320904n,
        BigInt(Status.Active),
      ]);
      const keys = await c.membership.keys(bank.id);
      for (const name of keyNames) expect(keys[name]).to.equal(bank.admission.keys[name]);
      expect(await c.membership.memberOf(bank.wallet.address)).to.equal(bank.id);
    });

    it('takes a member without any key but the checkpoint key', async () => {
      await withKeys({ sealing: '0x', nodePeer: '0x', gatewayPeer: '0x', client: '0x' });
      const keys = await c.membership.keys(bank.id);
      expect(keyNames.map((name) => keys[name])).to.deep.equal([
        bank.admission.keys.checkpoint,
        '0x',
        '0x',
        '0x',
        '0x',
      ]);
    });

    it('refuses a body that is a member, active or suspended', async () => {
      await refuses(admit({ uscc: second.admission.uscc }), 'MembershipAlreadyAdmitted', second.id);
      await c.vote('suspend', [second.id, reason]);
      await refuses(admit({ uscc: second.admission.uscc }), 'MembershipAlreadyAdmitted', second.id);
    });

    it('takes a removed body again, with a new account only', async () => {
      await c.vote('admit', [bank.admission]);
      await c.vote('remove', [bank.id, reason]);
      await refuses(admit({}), 'MembershipKeyInUse', bank.wallet.address);
      await admit({ transaction: stranger(1), keys: { ...bank.admission.keys, client: '0x' }, roles: Roles.AUDITOR });
      const standing = await c.membership.standing(bank.id);
      expect([standing.transaction, standing.roles, standing.status]).to.deep.equal([
        stranger(1),
        BigInt(Roles.AUDITOR),
        BigInt(Status.Active),
      ]);
      expect((await c.membership.keys(bank.id)).client).to.equal('0x');
      expect(await c.membership.memberOf(bank.wallet.address)).to.equal(bank.id);
    });

    for (const uscc of [
      '',
      '11320100MB1886843',
      '11320100MB1886843HH',
      ...['I', 'O', 'S', 'V', 'Z', 'h', '-', '/', ':', '@', '[', '\0'].map((letter) => `11320100MB1886843${letter}`),
      '11320100MB18868厅',
    ]) {
      it(`refuses the code ${JSON.stringify(uscc)}`, async () => {
        await refuses(admit({ uscc }), 'MembershipInvalidUscc', uscc);
      });
    }

    it('takes every character of the alphabet', async () => {
      await admit({ uscc: '0123456789ABCDEFGH' });
      await c.vote('admit', [{ ...body(11).admission, uscc: 'JKLMNPQRTUWXY00000' }]);
    });

    it('refuses a region that does not have six digits', async () => {
      for (const region of [0, 99_999, 1_000_000, 0xffffffff]) {
        await refuses(admit({ region }), 'MembershipInvalidRegion', region);
      }
      await admit({ region: 999_999 });
      await c.vote('admit', [{ ...body(11).admission, region: 100_000 }]);
    });

    it('refuses no roles, and undefined ones', async () => {
      for (const roles of [0, 128, 0x80000001]) await refuses(admit({ roles }), 'MembershipInvalidRoles', roles);
      await admit({ roles: Roles.ALL });
    });

    it('refuses the zero account, and one that anyone has or had', async () => {
      await refuses(admit({ transaction: ZeroAddress }), 'MembershipZeroKey');
      await refuses(admit({ transaction: first.wallet.address }), 'MembershipKeyInUse', first.wallet.address);
      await c.vote('resetTransactionKey', [second.id, stranger(1)]);
      await refuses(admit({ transaction: second.wallet.address }), 'MembershipKeyInUse', second.wallet.address);
    });

    for (const name of keyNames) {
      const kind = keyNames.indexOf(name);
      const right = name === 'sealing' ? 33 : 32;

      it(`refuses a ${name} key of another length than ${right} bytes`, async () => {
        for (const length of [1, 31, name === 'sealing' ? 32 : 33, 64]) {
          await refuses(withKeys({ [name]: `0x${'02'.repeat(length)}` }), 'MembershipKeyLength', kind, length);
        }
      });

      it(`refuses a ${name} key of zeros`, async () => {
        const zeros = `0x${'00'.repeat(right)}`;
        await refuses(withKeys({ [name]: zeros }), 'MembershipKeyFormat', kind, zeros);
      });

      it(`refuses a ${name} key that another member has or had`, async () => {
        const key = first.admission.keys[name];
        await refuses(withKeys({ [name]: key }), 'MembershipKeyHeld', kind, key, first.id);
        await (await c.as(first.wallet.address)).rotateKey(kind, `0x02${'77'.repeat(right - 1)}`);
        await refuses(withKeys({ [name]: key }), 'MembershipKeyHeld', kind, key, first.id);
      });
    }

    it('refuses a member without a checkpoint key', async () => {
      await refuses(withKeys({ checkpoint: '0x' }), 'MembershipKeyLength', KeyKind.Checkpoint, 0);
    });

    it('refuses a sealing key that is no compressed point, and takes both signs', async () => {
      for (const sign of ['00', '01', '04', 'ff']) {
        const key = `0x${sign}${'11'.repeat(32)}`;
        await refuses(withKeys({ sealing: key }), 'MembershipKeyFormat', KeyKind.Sealing, key);
      }
      await withKeys({ sealing: `0x03${'11'.repeat(32)}` });
    });
  });

  describe('standing', () => {
    const unknown = digest('nobody');

    it('goes from active to suspended and back, and ends with removal', async () => {
      await expect(c.vote('suspend', [second.id, reason]))
        .to.emit(c.membership, 'MemberSuspended')
        .withArgs(second.id, reason);
      expect((await c.membership.standing(second.id)).status).to.equal(Status.Suspended);
      await expect(c.vote('resume', [second.id]))
        .to.emit(c.membership, 'MemberResumed')
        .withArgs(second.id);
      expect((await c.membership.standing(second.id)).status).to.equal(Status.Active);
      await expect(c.vote('remove', [second.id, reason]))
        .to.emit(c.membership, 'MemberRemoved')
        .withArgs(second.id, reason);
      expect((await c.membership.standing(second.id)).status).to.equal(Status.Removed);
    });

    it('can be ended while suspended', async () => {
      await c.vote('suspend', [second.id, reason]);
      await c.vote('remove', [second.id, reason]);
      expect((await c.membership.standing(second.id)).status).to.equal(Status.Removed);
    });

    it('refuses what does not follow from it', async () => {
      await refuses(c.vote('resume', [second.id]), 'MembershipWrongStatus', second.id, Status.Active);
      await c.vote('suspend', [second.id, reason]);
      await refuses(c.vote('suspend', [second.id, reason]), 'MembershipWrongStatus', second.id, Status.Suspended);
      await c.vote('remove', [second.id, reason]);
      for (const [name, args] of [
        ['suspend', [reason]],
        ['resume', []],
        ['remove', [reason]],
        ['setRoles', [1]],
        ['resetTransactionKey', [stranger(1)]],
      ] as const) {
        await refuses(c.vote(name, [second.id, ...args]), 'MembershipWrongStatus', second.id, Status.Removed);
        await refuses(c.vote(name, [unknown, ...args]), 'MembershipUnknownMember', unknown);
      }
    });

    it('has other roles after a vote', async () => {
      await expect(c.vote('setRoles', [second.id, Roles.ALL]))
        .to.emit(c.membership, 'RolesChanged')
        .withArgs(second.id, Roles.ALL);
      expect((await c.membership.standing(second.id)).roles).to.equal(Roles.ALL);
      for (const roles of [0, 128]) {
        await refuses(c.vote('setRoles', [second.id, roles]), 'MembershipInvalidRoles', roles);
      }
    });

    it('has other roles after a vote while suspended, and takes its seat only when resumed', async () => {
      await c.vote('admit', [bank.admission]);
      await c.vote('suspend', [bank.id, reason]);
      await c.vote('setRoles', [bank.id, Roles.COUNCIL]);
      expect(await c.membership.activeCouncil()).to.equal(3);
      await c.vote('resume', [bank.id]);
      expect(await c.membership.activeCouncil()).to.equal(4);
    });
  });

  describe('isEntitled', () => {
    it('wants the current account of an active member with all the roles', async () => {
      const { id, wallet } = second;
      const ask = (account: string, roles: number) => c.membership.isEntitled(id, account, roles);
      expect(await ask(wallet.address, 0)).to.equal(true);
      expect(await ask(wallet.address, Roles.COUNCIL | Roles.SOURCE)).to.equal(true);
      expect(await ask(wallet.address, Roles.SOURCE | Roles.BANK)).to.equal(false);
      expect(await ask(first.wallet.address, 0)).to.equal(false);
      expect(await c.membership.isEntitled(ZeroHash, ZeroAddress, 0)).to.equal(false);
      await c.vote('suspend', [id, reason]);
      expect(await ask(wallet.address, 0)).to.equal(false);
      await c.vote('resume', [id]);
      await c.vote('resetTransactionKey', [id, stranger(1)]);
      expect(await ask(wallet.address, 0)).to.equal(false);
      expect(await ask(stranger(1), 0)).to.equal(true);
    });
  });

  describe('resetTransactionKey', () => {
    it('replaces the account of an active or a suspended member', async () => {
      await expect(c.vote('resetTransactionKey', [second.id, stranger(1)]))
        .to.emit(c.membership, 'TransactionKeyRotated')
        .withArgs(second.id, second.wallet.address, stranger(1));
      await c.vote('suspend', [second.id, reason]);
      await c.vote('resetTransactionKey', [second.id, stranger(2)]);
      const { transaction, status } = await c.membership.standing(second.id);
      expect([transaction, status]).to.deep.equal([stranger(2), BigInt(Status.Suspended)]);
      for (const account of [second.wallet.address, stranger(1), stranger(2)]) {
        expect(await c.membership.memberOf(account)).to.equal(second.id);
      }
    });

    it('refuses the zero account, and one that anyone has or had', async () => {
      await refuses(c.vote('resetTransactionKey', [second.id, ZeroAddress]), 'MembershipZeroKey');
      for (const { wallet } of [first, second]) {
        await refuses(c.vote('resetTransactionKey', [second.id, wallet.address]), 'MembershipKeyInUse', wallet.address);
      }
    });
  });

  describe('rotateTransactionKey', () => {
    const next = walletOf('next');
    const rotation = () => ({ member: second.id, previous: second.wallet.address, current: next.address });

    it('takes the new account on its own signature', async () => {
      const signature = await rotationSignature(c, next, rotation());
      await expect((await c.as(second.wallet.address)).rotateTransactionKey(next.address, signature))
        .to.emit(c.membership, 'TransactionKeyRotated')
        .withArgs(second.id, second.wallet.address, next.address);
      expect((await c.membership.standing(second.id)).transaction).to.equal(next.address);
      await refuses(
        (await c.as(second.wallet.address)).setEndpoints('{}'),
        'MembershipUnauthorized',
        second.wallet.address,
      );
      await (await c.as(next.address)).setEndpoints('{}');
    });

    it('refuses the signature of another account', async () => {
      const other = walletOf('other');
      const signature = await rotationSignature(c, other, rotation());
      await refuses(
        (await c.as(second.wallet.address)).rotateTransactionKey(next.address, signature),
        'MembershipInvalidSignature',
        next.address,
        other.address,
      );
    });

    it('refuses a signature of anything else: other members, accounts and domains', async () => {
      const others: [Partial<ReturnType<typeof rotation>>, Parameters<typeof rotationSignature>[3]?][] = [
        [{ member: first.id }],
        [{ previous: first.wallet.address }],
        [{ current: first.wallet.address }],
        [{}, { name: 'Other' }],
        [{}, { version: '2' }],
        [{}, { chainId: 1n }],
        [{}, { verifyingContract: stranger(1) }],
        [{}, { salt: digest('another consortium') }],
      ];
      for (const [changes, domain] of others) {
        const signature = await rotationSignature(c, next, { ...rotation(), ...changes }, domain);
        await expect(
          (await c.as(second.wallet.address)).rotateTransactionKey(next.address, signature),
        ).to.be.revertedWithCustomError(c.membership, 'MembershipInvalidSignature');
      }
    });

    it('refuses broken signatures, which recover to nobody', async () => {
      const signature = await rotationSignature(c, next, rotation());
      for (const broken of ['0x', signature.slice(0, -2), `${signature.slice(0, -2)}00`]) {
        await refuses(
          (await c.as(second.wallet.address)).rotateTransactionKey(next.address, broken),
          'MembershipInvalidSignature',
          next.address,
          ZeroAddress,
        );
      }
      await refuses((await c.as(second.wallet.address)).rotateTransactionKey(ZeroAddress, '0x'), 'MembershipZeroKey');
    });

    it('refuses an account that ever was a key, its own included', async () => {
      const back = await rotationSignature(c, second.wallet, {
        member: second.id,
        previous: next.address,
        current: second.wallet.address,
      });
      const signature = await rotationSignature(c, next, rotation());
      await (await c.as(second.wallet.address)).rotateTransactionKey(next.address, signature);
      await refuses(
        (await c.as(next.address)).rotateTransactionKey(second.wallet.address, back),
        'MembershipKeyInUse',
        second.wallet.address,
      );
    });

    it('says its EIP-712 domain (EIP-5267)', async () => {
      const domain = await c.membership.eip712Domain();
      const { chainId } = await c.ethers.provider.getNetwork();
      expect([...(domain as unknown as Iterable<unknown>)]).to.deep.equal([
        '0x1f',
        'Xinlian',
        '1',
        chainId,
        await c.membership.getAddress(),
        deployment,
        [],
      ]);
    });
  });

  describe('rotateKey and setEndpoints', () => {
    it('replace one key and leave the others', async () => {
      for (const [kind, name] of keyNames.entries()) {
        const before = await c.membership.keys(second.id);
        const key = name === 'sealing' ? `0x03${digest('new').slice(2)}` : digest(`new ${name}`);
        await expect((await c.as(second.wallet.address)).rotateKey(kind, key))
          .to.emit(c.membership, 'KeyRotated')
          .withArgs(second.id, kind, key);
        const after = await c.membership.keys(second.id);
        for (const other of keyNames) expect(after[other]).to.equal(other === name ? key : before[other]);
      }
    });

    it('go back to a key that the member had', async () => {
      const member = await c.as(second.wallet.address);
      await member.rotateKey(KeyKind.Client, digest('new client'));
      await member.rotateKey(KeyKind.Client, second.admission.keys.client);
      expect((await c.membership.keys(second.id)).client).to.equal(second.admission.keys.client);
    });

    it('take a key away, but not the checkpoint key', async () => {
      const member = await c.as(second.wallet.address);
      await expect(member.rotateKey(KeyKind.Client, '0x'))
        .to.emit(c.membership, 'KeyRotated')
        .withArgs(second.id, KeyKind.Client, '0x');
      expect((await c.membership.keys(second.id)).client).to.equal('0x');
      await refuses(member.rotateKey(KeyKind.Checkpoint, '0x'), 'MembershipKeyLength', KeyKind.Checkpoint, 0);
    });

    it('say the endpoints in an event', async () => {
      await expect((await c.as(second.wallet.address)).setEndpoints('{"log":"https://a.example/"}'))
        .to.emit(c.membership, 'EndpointsChanged')
        .withArgs(second.id, '{"log":"https://a.example/"}');
    });

    it('refuse strangers, suspended members and retired accounts', async () => {
      await c.vote('suspend', [second.id, reason]);
      await c.vote('resetTransactionKey', [first.id, stranger(1)]);
      for (const account of [stranger(2), second.wallet.address, first.wallet.address]) {
        const caller = await c.as(account);
        await refuses(caller.rotateKey(KeyKind.Client, digest('x')), 'MembershipUnauthorized', account);
        await refuses(caller.setEndpoints('{}'), 'MembershipUnauthorized', account);
        await refuses(caller.rotateTransactionKey(stranger(3), '0x'), 'MembershipUnauthorized', account);
      }
    });
  });

  describe('the past', () => {
    const head = () => c.ethers.provider.getBlockNumber();

    it('knows standing and account at the end of every block', async () => {
      const before = await head();
      await c.vote('admit', [bank.admission]);
      const admitted = await head();
      await c.vote('setRoles', [bank.id, Roles.BANK | Roles.AUDITOR]);
      await c.vote('suspend', [bank.id, reason]);
      const suspended = await head();
      await c.vote('resume', [bank.id]);
      await c.vote('resetTransactionKey', [bank.id, stranger(1)]);
      await c.vote('remove', [bank.id, reason]);
      const removed = await head();
      await admit({ transaction: stranger(2) });

      const entitled = async (roles: number) =>
        Promise.all(
          Array.from({ length: removed - before + 2 }, (_, i) => c.membership.entitledAt(bank.id, roles, before + i)),
        );
      expect(await entitled(0)).to.deep.equal([false, true, true, false, true, true, false, true]);
      expect(await entitled(Roles.BANK)).to.deep.equal([false, true, true, false, true, true, false, true]);
      expect(await entitled(Roles.AUDITOR)).to.deep.equal([false, false, true, false, true, true, false, false]);
      expect(await c.membership.transactionKeyAt(bank.id, before)).to.equal(ZeroAddress);
      expect(await c.membership.transactionKeyAt(bank.id, admitted)).to.equal(bank.wallet.address);
      expect(await c.membership.transactionKeyAt(bank.id, suspended + 1)).to.equal(bank.wallet.address);
      expect(await c.membership.transactionKeyAt(bank.id, suspended + 2)).to.equal(stranger(1));
      expect(await c.membership.transactionKeyAt(bank.id, removed)).to.equal(stranger(1));
      expect(await c.membership.transactionKeyAt(bank.id, removed + 1)).to.equal(stranger(2));
    });

    it('takes the end of the block where several changes fell into one', async () => {
      const signer = await c.as(first.wallet.address);
      await c.ethers.provider.send('evm_setAutomine', [false]);
      for (const [name, args] of [
        ['admit', [bank.admission]],
        ['suspend', [bank.id, reason]],
        ['resume', [bank.id]],
        ['setRoles', [bank.id, Roles.AUDITOR]],
        ['resetTransactionKey', [bank.id, stranger(1)]],
      ] as const) {
        await signer.propose(c.call(name, [...args]), { gasLimit: 2_000_000 });
      }
      await c.networkHelpers.mine();
      const block = await head();
      expect((await c.ethers.provider.getBlock(block))!.transactions).to.have.lengthOf(5);
      expect(await c.membership.entitledAt(bank.id, Roles.AUDITOR, block)).to.equal(true);
      expect(await c.membership.entitledAt(bank.id, Roles.BANK, block)).to.equal(false);
      expect(await c.membership.entitledAt(bank.id, 0, block - 1)).to.equal(false);
      expect(await c.membership.transactionKeyAt(bank.id, block)).to.equal(stranger(1));
    });

    it('refuses blocks to come', async () => {
      const block = await head();
      const next = block + 1;
      expect(await c.membership.entitledAt(first.id, Roles.COUNCIL, block)).to.equal(true);
      await refuses(c.membership.entitledAt(first.id, 0, next), 'MembershipFutureBlock', next, block);
      await refuses(c.membership.transactionKeyAt(first.id, next), 'MembershipFutureBlock', next, block);
    });
  });
});

import { expect } from 'chai';
import { AbiCoder, ZeroHash, hexlify, keccak256 } from 'ethers';
import { Roles } from './helpers/contract-types.ts';
import type { LogAnchorContract } from './helpers/contract-types.ts';
import { body, consortium, deployment, digest, stranger } from './helpers/consortium.ts';
import type { Body, Consortium } from './helpers/consortium.ts';
import { SparseTree, leafHash, madeUpSubtrees } from './helpers/sparse-tree.ts';

const scope = digest('双公示');
const reason = digest('reason');

describe('LogAnchor', () => {
  let c: Consortium;
  let owner: Body;
  let mine: LogAnchorContract;

  beforeEach(async () => {
    c = await consortium(3, 1);
    owner = c.bodies[1]!;
    mine = await c.anchorsAs(owner.wallet.address);
  });

  async function refuses(promise: Promise<unknown>, error: string, ...args: unknown[]): Promise<void> {
    await expect(promise)
      .to.be.revertedWithCustomError(c.anchors, error)
      .withArgs(...args);
  }

  async function logId(ordinal: number, of = owner): Promise<string> {
    const { chainId } = await c.ethers.provider.getNetwork();
    return keccak256(
      AbiCoder.defaultAbiCoder().encode(
        ['uint256', 'address', 'bytes32', 'bytes32', 'bytes32', 'uint64'],
        [chainId, await c.anchors.getAddress(), deployment, of.id, scope, ordinal],
      ),
    );
  }

  async function opened(): Promise<string> {
    await mine.registerLog(scope);
    return c.anchors.openLog(owner.id, scope);
  }

  async function head(log: string): Promise<[size: bigint, root: string]> {
    const { size, root } = await c.anchors.logState(log);
    return [size, root];
  }

  describe('registerLog', () => {
    it('opens a log, whose id follows from chain, contract, deployment, owner, scope and ordinal', async () => {
      const log = await logId(0);
      await expect(mine.registerLog(scope)).to.emit(c.anchors, 'LogRegistered').withArgs(log, owner.id, scope, 0);
      expect(await c.anchors.openLog(owner.id, scope)).to.equal(log);
      const state = await c.anchors.logState(log);
      expect([state.owner, state.size, state.root, state.scope, state.closed, state.successor]).to.deep.equal([
        owner.id,
        0n,
        ZeroHash,
        scope,
        false,
        ZeroHash,
      ]);
      expect(await c.anchors.membership()).to.equal(await c.membership.getAddress());
    });

    it('gives each member its own log of a scope, and a member one of each scope', async () => {
      await mine.registerLog(scope);
      await mine.registerLog(ZeroHash);
      await (await c.anchorsAs(c.bodies[0]!.wallet.address)).registerLog(scope);
      expect(await c.anchors.openLog(c.bodies[0]!.id, scope)).to.equal(await logId(0, c.bodies[0]));
    });

    it('is for every active member, whatever its roles', async () => {
      const bank = body(10, { roles: Roles.BANK });
      await c.vote('admit', [bank.admission]);
      await (await c.anchorsAs(bank.wallet.address)).registerLog(scope);
    });

    it('refuses a second open log of a scope', async () => {
      const log = await opened();
      await refuses(mine.registerLog(scope), 'LogAnchorScopeTaken', owner.id, scope, log);
    });

    it('refuses strangers, suspended members and retired accounts', async () => {
      await c.vote('suspend', [owner.id, reason]);
      await c.vote('resetTransactionKey', [c.bodies[2]!.id, stranger(1)]);
      for (const account of [stranger(2), owner.wallet.address, c.bodies[2]!.wallet.address]) {
        await refuses((await c.anchorsAs(account)).registerLog(scope), 'LogAnchorNotMember', account);
      }
    });
  });

  describe('anchor', () => {
    const tree = new SparseTree([1n, 8n, 11n, 19n, 20n], madeUpSubtrees('anchor'));
    const root = (size: bigint) => hexlify(tree.root(size));
    const proof = (m: bigint, n: bigint) => tree.proof(m, n).map((hash) => hexlify(hash));
    let log: string;

    beforeEach(async () => {
      log = await opened();
    });

    it('takes a first checkpoint as it is, and then each that extends the last', async () => {
      await expect(mine.anchor(log, 8, root(8n), []))
        .to.emit(c.anchors, 'Anchored')
        .withArgs(log, 8, root(8n));
      await expect(mine.anchor(log, 11, root(11n), proof(8n, 11n)))
        .to.emit(c.anchors, 'Anchored')
        .withArgs(log, 11, root(11n));
      await mine.anchor(log, 19, root(19n), proof(11n, 19n));
      await mine.anchor(log, 20, root(20n), proof(19n, 20n));
      expect(await head(log)).to.deep.equal([20n, root(20n)]);
    });

    it('takes the roots of the RFC 6962 reference trees, one leaf after the other', async () => {
      // The leaves and roots that Certificate Transparency implementations test with.
      const leaves = [
        '',
        '00',
        '10',
        '2021',
        '3031',
        '40414243',
        '5051525354555657',
        '606162636465666768696a6b6c6d6e6f',
      ];
      const sizes = leaves.map((_, i) => BigInt(i + 1));
      const known = new SparseTree(sizes, (start) => leafHash(Buffer.from(leaves[Number(start)]!, 'hex')));
      for (const size of sizes) {
        await mine.anchor(log, size, known.root(size), size === 1n ? [] : known.proof(size - 1n, size));
      }
      expect(await head(log)).to.deep.equal([8n, '0x5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328']);
    });

    it('does nothing for the same head again, whatever the proof', async () => {
      await mine.anchor(log, 8, root(8n), []);
      await mine.anchor(log, 11, root(11n), proof(8n, 11n));
      for (const again of [[], proof(8n, 11n)]) {
        const receipt = await (await mine.anchor(log, 11, root(11n), again)).wait();
        expect(receipt!.logs).to.be.empty;
      }
      expect(await head(log)).to.deep.equal([11n, root(11n)]);
    });

    it('refuses a size of 0, before and after the first checkpoint', async () => {
      await refuses(mine.anchor(log, 0, ZeroHash, []), 'LogAnchorEmpty', log);
      await mine.anchor(log, 8, root(8n), []);
      await refuses(mine.anchor(log, 0, ZeroHash, []), 'LogAnchorEmpty', log);
    });

    it('refuses a log that shrank', async () => {
      await mine.anchor(log, 11, root(11n), []);
      await refuses(mine.anchor(log, 8, root(8n), proof(8n, 11n)), 'LogAnchorShrunk', log, 11, 8);
    });

    it('refuses a log that forked at its head', async () => {
      await mine.anchor(log, 11, root(11n), []);
      await refuses(mine.anchor(log, 11, digest('other'), []), 'LogAnchorForked', log, 11, root(11n), digest('other'));
    });

    it('refuses a log that forked before its head: another history of the same length', async () => {
      const other = new SparseTree([8n, 11n, 19n], madeUpSubtrees('forged'));
      await mine.anchor(log, 11, root(11n), []);
      await refuses(
        mine.anchor(log, 19, other.root(19n), other.proof(11n, 19n)),
        'LogAnchorInconsistentOld',
        log,
        root(11n),
        hexlify(other.root(11n)),
      );
      expect(await head(log)).to.deep.equal([11n, root(11n)]);
    });

    it('refuses a forged root under a right proof', async () => {
      await mine.anchor(log, 11, root(11n), []);
      await refuses(
        mine.anchor(log, 19, digest('forged'), proof(11n, 19n)),
        'LogAnchorInconsistentNew',
        log,
        digest('forged'),
        root(19n),
      );
    });

    it('refuses a proof with an element too few or too many, the first one included', async () => {
      const right = proof(11n, 19n);
      await refuses(mine.anchor(log, 11, root(11n), right), 'LogAnchorProofTooLong', right.length, 0);
      await mine.anchor(log, 11, root(11n), []);
      await refuses(mine.anchor(log, 19, root(19n), right.slice(1)), 'LogAnchorProofTooShort', right.length - 1);
      await refuses(mine.anchor(log, 19, root(19n), []), 'LogAnchorProofTooShort', 0);
      await refuses(
        mine.anchor(log, 19, root(19n), [...right, digest('more')]),
        'LogAnchorProofTooLong',
        right.length + 1,
        right.length,
      );
    });

    it('refuses everyone but the current account of the active owner', async () => {
      await c.vote('resetTransactionKey', [owner.id, stranger(1)]);
      const current = await c.anchorsAs(stranger(1));
      for (const account of [stranger(2), owner.wallet.address, c.bodies[0]!.wallet.address]) {
        await refuses((await c.anchorsAs(account)).anchor(log, 8, root(8n), []), 'LogAnchorUnauthorized', log, account);
      }
      await current.anchor(log, 8, root(8n), []);
      await c.vote('suspend', [owner.id, reason]);
      await refuses(current.anchor(log, 11, root(11n), proof(8n, 11n)), 'LogAnchorUnauthorized', log, stranger(1));
      await c.vote('resume', [owner.id]);
      await current.anchor(log, 11, root(11n), proof(8n, 11n));
    });

    it('refuses an unknown log', async () => {
      await refuses(mine.anchor(digest('none'), 8, root(8n), []), 'LogAnchorUnknownLog', digest('none'));
      await refuses(c.anchors.logState(digest('none')), 'LogAnchorUnknownLog', digest('none'));
    });

    it('takes the largest sizes, and no size beyond 64 bits', async () => {
      const most = 2n ** 64n - 1n;
      const large = new SparseTree([most - 1n, most], madeUpSubtrees('large'));
      await mine.anchor(log, most - 1n, large.root(most - 1n), []);
      await mine.anchor(log, most, large.root(most), large.proof(most - 1n, most));
      expect((await head(log))[0]).to.equal(most);
      const data = c.anchors.interface.encodeFunctionData('anchor', [log, 1, ZeroHash, []]);
      const beyond = `${data.slice(0, 10 + 64)}${'1'.padStart(48, '0')}${'0'.repeat(16)}${data.slice(10 + 128)}`;
      const signer = await c.account(owner.wallet.address);
      await expect(signer.sendTransaction({ to: c.anchors, data: beyond })).to.be.revertedWithoutReason(c.ethers);
    });

    it('fails for want of gas wherever it runs out, and never takes a forged root for it', async () => {
      const sizes = [2n ** 40n - 1n, 2n ** 40n];
      const large = new SparseTree(sizes, madeUpSubtrees('gas'));
      await mine.anchor(log, sizes[0]!, large.root(sizes[0]!), []);
      // If hashes that the precompile did not write were read, old and new root would stay what the proof starts from.
      const anchored = large.root(sizes[0]!);
      const forged = large.proof(sizes[0]!, sizes[1]!).with(0, anchored);
      for (let gasLimit = 45_000; gasLimit < 90_000; gasLimit += 1_500) {
        await expect(mine.anchor(log, sizes[1]!, anchored, forged, { gasLimit })).to.be.revert(c.ethers);
      }
      expect((await head(log))[0]).to.equal(sizes[0]);
    });
  });

  describe('replaceLog', () => {
    it('closes the lost log at its head and opens its successor', async () => {
      const lost = await opened();
      await mine.anchor(lost, 5, digest('root'), []);
      const successor = await logId(1);
      await expect(mine.replaceLog(lost))
        .to.emit(c.anchors, 'LogClosed')
        .withArgs(lost, successor, 5, digest('root'))
        .and.to.emit(c.anchors, 'LogRegistered')
        .withArgs(successor, owner.id, scope, 1);
      expect(await c.anchors.openLog(owner.id, scope)).to.equal(successor);
      const state = await c.anchors.logState(lost);
      expect([state.size, state.root, state.closed, state.successor]).to.deep.equal([
        5n,
        digest('root'),
        true,
        successor,
      ]);
      const next = await c.anchors.logState(successor);
      expect([next.owner, next.size, next.scope, next.closed]).to.deep.equal([owner.id, 0n, scope, false]);
      await mine.replaceLog(successor);
      expect(await c.anchors.openLog(owner.id, scope)).to.equal(await logId(2));
    });

    it('leaves a closed log as it is', async () => {
      const lost = await opened();
      await mine.replaceLog(lost);
      const successor = await logId(1);
      await refuses(mine.anchor(lost, 5, digest('root'), []), 'LogAnchorClosed', lost, successor);
      await refuses(mine.replaceLog(lost), 'LogAnchorClosed', lost, successor);
      await refuses(mine.registerLog(scope), 'LogAnchorScopeTaken', owner.id, scope, successor);
    });

    it('refuses everyone but the owner, and an unknown log', async () => {
      const lost = await opened();
      const other = c.bodies[0]!.wallet.address;
      await refuses((await c.anchorsAs(other)).replaceLog(lost), 'LogAnchorUnauthorized', lost, other);
      await c.vote('suspend', [owner.id, reason]);
      await refuses(mine.replaceLog(lost), 'LogAnchorUnauthorized', lost, owner.wallet.address);
      await refuses(mine.replaceLog(digest('none')), 'LogAnchorUnknownLog', digest('none'));
    });
  });
});

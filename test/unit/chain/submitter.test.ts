import { expect } from 'chai';
import { toHex, type Hex } from '../../../node/core/bytes.ts';
import { XinlianError, type ErrorCode } from '../../../node/core/errors.ts';
import { artifact } from '../../../node/chain/abi.ts';
import { passByVote } from '../../../node/chain/deploy.ts';
import { systemClock } from '../../../node/chain/clock.ts';
import { JsonRpc } from '../../../node/chain/rpc.ts';
import { ChainWriter } from '../../../node/chain/writer.ts';
import {
  accountOf,
  bodyOf,
  digest,
  fund,
  silent,
  submitterOf,
  TestConsortium,
} from '../../helpers/consortium-on-anvil.ts';
import { FaultProxy } from '../../helpers/fault-proxy.ts';

const SCOPE = toHex(digest('scope'));

async function failure<C extends ErrorCode>(promise: Promise<unknown>, code: C): Promise<XinlianError<C>> {
  try {
    await promise;
  } catch (error) {
    if (XinlianError.is(error, code)) return error;
    throw error;
  }
  throw new Error(`wanted ${code}, nothing was thrown`);
}

describe('submitter', () => {
  let consortium: TestConsortium;
  beforeEach(async () => (consortium = await TestConsortium.start()));
  afterEach(() => consortium.stop());

  const registration = (name: string): { to: Hex; data: Hex } => ({
    to: consortium.contracts.logAnchor,
    data: artifact('LogAnchor').abi.encodeFunctionData('registerLog', [toHex(digest(name))]) as Hex,
  });

  async function nonceOf(address: string): Promise<number> {
    return Number(await consortium.anvil.call('eth_getTransactionCount', address, 'latest'));
  }

  it('sends many at once under consecutive nonces', async () => {
    const { signer } = consortium.bodies[0]!;
    const submitter = consortium.submitter(signer, { inFlight: 4 });
    const names = Array.from({ length: 12 }, (_, i) => `log ${i}`);
    const mined = await Promise.all(names.map((name) => submitter.submit(registration(name))));
    expect(new Set(mined.map(({ transaction }) => transaction)).size).to.equal(12);
    expect(await nonceOf(signer.address)).to.equal(12);
  });

  it('names the contract error of a call that cannot go through, and sends nothing', async () => {
    const { signer } = consortium.bodies[0]!;
    const submitter = consortium.submitter(signer);
    await submitter.submit(registration('taken'));
    const { details } = await failure(submitter.submit(registration('taken')), 'TRANSACTION_REVERTED');
    expect(details).to.deep.include({ hash: '0x', error: 'LogAnchorScopeTaken' });
    expect(details.arguments.slice(0, 2)).to.deep.equal([consortium.bodies[0]!.id, toHex(digest('taken'))]);
    expect(await nonceOf(signer.address)).to.equal(1);
  });

  it('names the contract error of a transaction that was mined and reverted', async () => {
    const [first, second, third] = consortium.bodies;
    const { proposal } = await consortium.writer(first!).propose({ call: 'setThreshold', threshold: 1 });
    await consortium.anvil.call('evm_setAutomine', false);
    const late = consortium.writer(second!).approve(proposal);
    while ((await pool()) < 1) await consortium.rpc.request('eth_blockNumber', []);
    // A dearer approval goes first and closes the proposal.
    await consortium.anvil.call('anvil_impersonateAccount', third!.signer.address);
    await consortium.anvil.call('eth_sendTransaction', {
      from: third!.signer.address,
      to: consortium.contracts.membership,
      data: artifact('Membership').abi.encodeFunctionData('approve', [proposal]),
      gas: '0x80000',
      maxFeePerGas: '0x77359400',
      maxPriorityFeePerGas: '0x77359400',
    });
    await consortium.mine();
    const { details } = await failure(late, 'TRANSACTION_REVERTED');
    expect(details).to.deep.include({ error: 'MembershipProposalClosed', arguments: [String(proposal)] });
    expect(details.hash).to.match(/^0x[0-9a-f]{64}$/);
  });

  async function pool(): Promise<number> {
    const { pending } = await consortium.anvil.call<{ pending: string }>('txpool_status');
    return Number(pending);
  }

  it('replaces what is stuck, and reports whichever is mined', async () => {
    const { signer } = consortium.bodies[0]!;
    await consortium.anvil.call('evm_setAutomine', false);
    const submitter = consortium.submitter(signer, { replaceAfterMs: 100 });
    const submitted = submitter.submit(registration('stuck'));
    const prices = new Set<string>();
    while (prices.size < 3) {
      const content = await consortium.anvil.call<{
        pending: Record<string, Record<string, { maxFeePerGas: string }>>;
      }>('txpool_content');
      for (const sender of Object.values(content.pending)) {
        for (const { maxFeePerGas } of Object.values(sender)) prices.add(maxFeePerGas);
      }
    }
    expect(await pool()).to.equal(1);
    await consortium.mine();
    const mined = await submitted;
    expect(mined.logs).to.have.length(1);
    expect(await nonceOf(signer.address)).to.equal(1);
  });

  it('gives up after so many replacements, and fills the gap that the lost one leaves', async () => {
    const { signer } = consortium.bodies[0]!;
    await consortium.anvil.call('evm_setAutomine', false);
    const impatient = consortium.submitter(signer, { replaceAfterMs: 40, replacements: 2 });
    const { details } = await failure(impatient.submit(registration('never')), 'TRANSACTION_STUCK');
    expect(details).to.deep.include({ nonce: 0, attempts: 3 });

    // A second one is behind it when the engine forgets the first.
    const submitter = consortium.submitter(signer, { replaceAfterMs: 200 });
    const submitted = submitter.submit(registration('behind'));
    while ((await pool()) < 2) await consortium.rpc.request('eth_blockNumber', []);
    await consortium.anvil.call('anvil_dropTransaction', details.hash);
    await consortium.anvil.call('evm_setIntervalMining', 1);
    await submitted;
    expect(await nonceOf(signer.address)).to.equal(2);
  });

  it('takes another nonce where a foreign transaction of the account took its own', async () => {
    const { signer } = consortium.bodies[0]!;
    const one = consortium.submitter(signer);
    const other = consortium.submitter(signer);
    const names = Array.from({ length: 8 }, (_, i) => `raced ${i}`);
    const mined = await Promise.all(names.map((name, i) => (i % 2 ? one : other).submit(registration(name))));
    expect(new Set(mined.map(({ transaction }) => transaction)).size).to.equal(8);
    expect(await nonceOf(signer.address)).to.equal(8);
  });

  it('sends again under another nonce where a dearer foreign transaction took its place in the pool', async () => {
    const { signer } = consortium.bodies[0]!;
    await consortium.anvil.call('evm_setAutomine', false);
    const submitted = consortium.submitter(signer).submit(registration('displaced'));
    while ((await pool()) < 1) await consortium.rpc.request('eth_blockNumber', []);
    await consortium.anvil.call('anvil_dropAllTransactions');
    await consortium.anvil.call('anvil_impersonateAccount', signer.address);
    await consortium.anvil.call('eth_sendTransaction', {
      from: signer.address,
      to: signer.address,
      nonce: '0x0',
      maxFeePerGas: '0x77359400',
      maxPriorityFeePerGas: '0x77359400',
    });
    await consortium.mine();
    await consortium.anvil.call('evm_setAutomine', true);
    const { logs } = await submitted;
    expect(logs).to.have.length(1);
    expect(await nonceOf(signer.address)).to.equal(2);
  });

  /** A process that is told to stop may still answer a call or two. */
  async function unreachable(): Promise<void> {
    for (;;) {
      const [outcome] = await Promise.allSettled([consortium.rpc.request('eth_blockNumber', [])]);
      if (outcome.status === 'fulfilled') continue;
      await failure(Promise.reject(outcome.reason), 'CHAIN_UNREACHABLE');
      return;
    }
  }

  it('waits while the chain is away', async () => {
    const { signer } = consortium.bodies[0]!;
    consortium.anvil.pause();
    await unreachable();
    const submitted = consortium.submitter(signer).submit(registration('late'));
    await unreachable();
    consortium.anvil.resume();
    expect((await submitted).logs).to.have.length(1);
  });

  it('waits for an engine that has not indexed its transactions yet', async () => {
    const { signer } = consortium.bodies[0]!;
    const proxy = await FaultProxy.start(consortium.anvil.url);
    proxy.fault = { kind: 'indexing' };
    const rpc = new JsonRpc({ endpoints: [proxy.url] }, { clock: systemClock, log: silent });
    await consortium.anvil.call('evm_setAutomine', false);
    const submitted = submitterOf(rpc, signer).submit(registration('unindexed'));
    const asked = proxy.requests;
    while ((await pool()) < 1 || proxy.requests < asked + 6) await consortium.rpc.request('eth_blockNumber', []);
    await consortium.mine();
    expect((await submitted).logs).to.have.length(1);
    rpc.close();
    await proxy.stop();
  });

  it('sends again what a restarted engine forgot', async () => {
    const { signer } = consortium.bodies[0]!;
    await consortium.anvil.call('evm_setAutomine', false);
    const submitted = consortium.submitter(signer).submit(registration('forgotten'));
    while ((await pool()) < 1) await consortium.rpc.request('eth_blockNumber', []);
    await consortium.anvil.call('anvil_dropAllTransactions');
    await consortium.anvil.call('evm_setAutomine', true);
    expect((await submitted).logs).to.have.length(1);
    expect(await nonceOf(signer.address)).to.equal(1);
  });

  it('stops waiting when it is told to', async () => {
    const { signer } = consortium.bodies[0]!;
    await consortium.anvil.call('evm_setAutomine', false);
    const abort = new AbortController();
    const submitted = consortium.submitter(signer).submit(registration('cancelled'), abort.signal);
    while ((await pool()) < 1) await consortium.rpc.request('eth_blockNumber', []);
    const reason = new XinlianError('CLOSED', { what: 'test' });
    abort.abort(reason);
    await failure(
      submitted.catch((error: unknown) => {
        // The call under way ends as cancelled, a pause with the reason itself.
        throw XinlianError.is(error, 'CANCELLED') ? error.cause : error;
      }),
      'CLOSED',
    );
  });

  it('works from an account without money where gas is free', async () => {
    await consortium.anvil.call('anvil_setNextBlockBaseFeePerGas', '0x0');
    await consortium.mine();
    const poor = accountOf('poor');
    const { block } = await consortium.submitter(poor).submit({ to: poor.address as Hex, data: '0x' });
    expect(block).to.be.greaterThan(0);
  });

  it('refuses a signature of another key', async () => {
    const [first, second] = consortium.bodies;
    const broken = { address: first!.signer.address, sign: (bytes: Uint8Array) => second!.signer.sign(bytes) };
    await failure(consortium.submitter(broken).submit(registration('foreign')), 'KEY_UNAVAILABLE');
  });
});

describe('chain writer', () => {
  let consortium: TestConsortium;
  before(async () => (consortium = await TestConsortium.start()));
  after(() => consortium.stop());

  it('opens, anchors and replaces logs', async () => {
    const writer = consortium.writer(consortium.bodies[0]!);
    const { log } = await writer.registerLog(SCOPE);
    await writer.anchor({ log, size: 1, root: digest('root'), proof: [] });
    const { log: successor } = await writer.replaceLog(log);
    expect(successor)
      .to.match(/^0x[0-9a-f]{64}$/)
      .and.not.to.equal(log);
    const late = writer.anchor({ log, size: 2, root: digest('root'), proof: [] });
    expect((await failure(late, 'TRANSACTION_REVERTED')).details).to.deep.include({ error: 'LogAnchorClosed' });
  });

  it('takes calls through the vote', async () => {
    const joining = bodyOf(8, ['bank']);
    const admit = { call: 'admit', admission: joining.admission } as const;
    const { executed } = await passByVote(consortium.contracts, admit, consortium.council());
    expect(executed).to.equal(true);
    await fund(consortium.anvil, joining.signer.address);
    const writer = new ChainWriter(consortium.contracts, consortium.submitter(joining.signer));
    await writer.setEndpoints('{"log":"https://new.example/"}');
    await writer.rotateKey('client', digest('client'));
    const lone = passByVote(
      consortium.contracts,
      { call: 'resume', member: joining.id },
      consortium.council().slice(0, 1),
    );
    await failure(lone, 'CONFLICT');
    await failure(writer.propose({ call: 'setThreshold', threshold: 1 }), 'TRANSACTION_REVERTED');
  });

  it('takes an approval back', async () => {
    const [first, second] = consortium.bodies;
    const threshold = { call: 'setThreshold', threshold: 1 } as const;
    const { proposal, executed } = await consortium.writer(first!).propose(threshold);
    expect(executed).to.equal(false);
    await consortium.writer(first!).withdrawApproval(proposal);
    expect((await consortium.writer(second!).approve(proposal)).executed).to.equal(false);
    expect((await consortium.writer(first!).approve(proposal)).executed).to.equal(true);
  });
});

import { expect } from 'chai';
import { toHex } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { decodeHeader, decodeReceipt } from '../../../node/core/ethereum.ts';
import type { LogId } from '../../../node/core/ids.ts';
import { verifyReceiptProof } from '../../../node/core/receipts-trie.ts';
import { captureAnchor, type AnchorPlace } from '../../../node/chain/anchor-proof.ts';
import type { Rpc } from '../../../node/chain/rpc.ts';
import { digest, TestConsortium, until } from '../../helpers/consortium-on-anvil.ts';

describe('anchor proof', () => {
  let consortium: TestConsortium;
  let place: AnchorPlace;

  before(async () => {
    consortium = await TestConsortium.start(8, 2);
    const logs: LogId[] = [];
    for (const body of consortium.bodies) {
      logs.push((await consortium.writer(body).registerLog(toHex(digest('scope')))).log);
    }
    // One block with several anchors: the proof is of one among them.
    await consortium.anvil.call('evm_setAutomine', false);
    const anchors = consortium.bodies.map((body, i) =>
      consortium.writer(body).anchor({ log: logs[i]!, size: i + 1, root: digest(`root ${i}`), proof: [] }),
    );
    for (;;) {
      const { pending } = await consortium.anvil.call<{ pending: string }>('txpool_status');
      if (Number(pending) === anchors.length) break;
    }
    await consortium.mine();
    await Promise.all(anchors);
    const follower = await consortium.follower();
    follower.start();
    await until(follower, () => follower.view.log(logs[5]!)?.final !== undefined);
    place = { log: logs[5]!, ...follower.view.log(logs[5]!)!.final! };
  });
  after(() => consortium.stop());

  async function capture(rpc: Rpc = consortium.rpc, changes: Partial<AnchorPlace> = {}) {
    return captureAnchor(consortium.contracts, { ...place, ...changes }, rpc);
  }

  /** The engine, but that it does not know one method, or lies about a block's receipts. */
  function engine(changed: (method: string, result: unknown) => unknown): Rpc {
    return {
      request: async <T>(method: string, params: readonly unknown[]) =>
        changed(method, await consortium.rpc.request(method, params)) as T,
    };
  }

  it('leads from the event to the hash of the block', async () => {
    const { header, receipt, receiptIndex, logIndex, proof, logAnchor } = await capture();
    const { hash, receiptsRoot } = decodeHeader(header);
    expect(hash).to.equal(place.blockHash);
    expect(toHex(verifyReceiptProof({ root: receiptsRoot, index: receiptIndex, proof }))).to.equal(toHex(receipt));
    const log = decodeReceipt(receipt).logs[logIndex]!;
    expect(log.address).to.equal(logAnchor.toLowerCase());
    expect(log.topics[1]).to.equal(place.log);
  });

  it('is the same from single receipts', async () => {
    const without = engine((method, result) => {
      if (method !== 'eth_getBlockReceipts') return result;
      throw new XinlianError('CHAIN_REFUSED', { method, code: -32_601, message: 'method not found' });
    });
    expect(await capture(without)).to.deep.equal(await capture());
  });

  it('is refused where the receipts are not those of the block', async () => {
    const lying = engine((method, result) => {
      if (method !== 'eth_getBlockReceipts') return result;
      return (result as object[]).map((receipt) => Object.assign({}, receipt, { cumulativeGasUsed: '0x1' }));
    });
    await rejected(capture(lying), 'PROOF_INVALID');
  });

  it('is refused where the block is gone or the anchor is not in it', async () => {
    await rejected(capture(undefined, { blockHash: toHex(digest('no block')) }), 'NOT_FOUND');
    await rejected(capture(undefined, { size: 99 }), 'NOT_FOUND');
  });

  async function rejected(promise: Promise<unknown>, code: string): Promise<void> {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(XinlianError).with.property('code', code);
  }
});

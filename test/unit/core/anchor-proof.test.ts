import { expect } from 'chai';
import { id } from 'ethers';
import { ANCHORED_TOPIC, decodeAnchored, makeAnchorProof, verifyAnchorEvent } from '../../../node/core/anchor-proof.ts';
import { concat, toHex, u64, type Hex } from '../../../node/core/bytes.ts';
import { XinlianError, type ErrorCode } from '../../../node/core/errors.ts';
import { encodeReceipt } from '../../../node/core/ethereum.ts';
import { anchoringBlock, CHAIN_ID, LOG, LOG_ANCHOR } from '../../helpers/bundle.ts';

const root = new Uint8Array(32).fill(5);
const { block, receipts } = anchoringBlock(21, root);
const origin = { chainId: CHAIN_ID, logAnchor: LOG_ANCHOR, log: LOG };
const head = { ...origin, size: 21, root };
const fails = (code: ErrorCode, act: () => unknown) => {
  expect(act).to.throw(XinlianError).with.property('code', code);
};

describe('Anchoring event', () => {
  const event = {
    address: LOG_ANCHOR,
    topics: [ANCHORED_TOPIC, LOG] as Hex[],
    data: concat(new Uint8Array(24), u64(21), root),
  };

  it('tells log, size and root', () => {
    expect(decodeAnchored(event)).to.deep.equal({ logAnchor: LOG_ANCHOR, log: LOG, size: 21, root });
  });

  it('has the topic that the contract is compiled to', () => {
    expect(id('Anchored(bytes32,uint64,bytes32)')).to.equal(ANCHORED_TOPIC);
  });

  it('is no other event', () => {
    expect(decodeAnchored({ ...event, topics: [] })).to.equal(undefined);
    expect(decodeAnchored({ ...event, topics: [LOG, LOG] })).to.equal(undefined);
    expect(decodeAnchored({ ...event, topics: [ANCHORED_TOPIC] })).to.equal(undefined);
    expect(decodeAnchored({ ...event, topics: [ANCHORED_TOPIC, LOG, LOG] })).to.equal(undefined);
    expect(decodeAnchored({ ...event, data: event.data.slice(1) })).to.equal(undefined);
    expect(decodeAnchored({ ...event, data: new Uint8Array(64).fill(255) })).to.equal(undefined);
  });
});

describe('Proof of an anchoring', () => {
  it('finds receipt and event by itself', () => {
    const proof = makeAnchorProof(head, block, receipts);
    expect(proof).to.include({ receiptIndex: 2, logIndex: 3, chainId: CHAIN_ID, logAnchor: LOG_ANCHOR });
    verifyAnchorEvent(proof, { origin, size: 21, root });
  });

  it('is not made where no event tells the checkpoint', () => {
    fails('NOT_FOUND', () => makeAnchorProof({ ...head, size: 22 }, block, receipts));
    fails('NOT_FOUND', () => makeAnchorProof({ ...head, root: new Uint8Array(32) }, block, receipts));
    fails('NOT_FOUND', () => makeAnchorProof({ ...head, logAnchor: `0x${'dd'.repeat(20)}` }, block, receipts));
    fails('NOT_FOUND', () => makeAnchorProof(head, block, []));
  });

  it('is not made of receipts that are not all of the block', () => {
    fails('MALFORMED', () => makeAnchorProof(head, block, receipts.slice(0, 3)));
    fails('MALFORMED', () => makeAnchorProof(head, block, receipts.toReversed()));
  });

  it('has the index at which the event first stands, and no other', () => {
    const anchoring = { ...receipts[2]!, logs: [...receipts[2]!.logs, receipts[2]!.logs[3]!] };
    const receipt = toHex(encodeReceipt(anchoring));
    const proof = { ...makeAnchorProof(head, block, receipts), receipt };
    verifyAnchorEvent(proof, { origin, size: 21, root });
    fails('PROOF_INVALID', () => verifyAnchorEvent({ ...proof, logIndex: 4 }, { origin, size: 21, root }));
  });
});

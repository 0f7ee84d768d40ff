// Captures the proof that an anchor's event is in a block: what a proof bundle carries (docs/protocol.md, section 4).
import { equalBytes, toHex, type Hex } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import {
  decodeHeader,
  encodeHeader,
  encodeReceipt,
  encodeSealedHeader,
  type RpcBlock,
  type RpcReceipt as RpcReceiptBody,
} from '../core/ethereum.ts';
import type { LogId } from '../core/ids.ts';
import { proveReceipt } from '../core/receipts-trie.ts';
import { isSealed } from '../core/seals.ts';
import { decodeLog, type RpcLog } from './abi.ts';
import type { ConsortiumContracts } from './events.ts';
import { quantity, toQuantity, type Rpc } from './rpc.ts';

/** An anchor as it stands in the view: `AnchoredHead` of its log. */
export interface AnchorPlace {
  log: LogId;
  size: number;
  root: Uint8Array;
  blockHash: Hex;
  transaction: Hex;
}

export interface AnchorProof {
  chainId: number;
  /** EIP-55. */
  logAnchor: Hex;
  /** RLP; its keccak256 is the block's hash. */
  header: Uint8Array;
  /** As it stands in the receipts trie, typed envelope included. */
  receipt: Uint8Array;
  /** Index of the receipt in the block. */
  receiptIndex: number;
  /** Index of the event in the receipt. */
  logIndex: number;
  /** Nodes of the receipts trie, from the root down. */
  proof: Uint8Array[];
  /** Headers with all their seals, from the block's own on; absent where the consensus seals none. */
  seals?: Uint8Array[];
}

export type Block = RpcBlock & { transactions: Hex[] };
export type Receipt = Omit<RpcReceiptBody, 'logs'> & { transactionHash: Hex; transactionIndex: string; logs: RpcLog[] };

/**
 * Works from block data alone, at any age of the block.
 * @param options depth: headers that make the block final, its own included; so many are kept with their seals
 * @throws NOT_FOUND the block or the event is not (or no more) in the chain; PROOF_INVALID the engine's block data do
 *   not have the hashes that the block names; as `Rpc.request`
 */
export async function captureAnchor(
  contracts: ConsortiumContracts,
  place: AnchorPlace,
  rpc: Rpc,
  { depth = 1, signal }: { depth?: number; signal?: AbortSignal | undefined } = {},
): Promise<AnchorProof> {
  const { blockHash } = place;
  const block = await rpc.request<Block | null>('eth_getBlockByHash', [blockHash, false], signal);
  if (!block) throw new XinlianError('NOT_FOUND', { what: 'block', id: blockHash });
  const header = encodeHeader(block);
  const { hash, receiptsRoot } = decodeHeader(header);
  if (hash !== blockHash) throw invalid('header', 'the hash of another block', blockHash, hash);

  const receipts = await receiptsOf(rpc, block, signal);
  const receiptIndex = receipts.findIndex(({ transactionHash }) => transactionHash === place.transaction);
  const receipt = receipts[receiptIndex];
  const logIndex = receipt?.logs.findIndex((log) => isAnchor(contracts, log, place)) ?? -1;
  if (!receipt || logIndex < 0) {
    throw new XinlianError('NOT_FOUND', { what: 'anchor event', id: `${place.log}, size ${place.size}` });
  }
  const encoded = receipts.map((item) => encodeReceipt(item));
  const { root, proof } = proveReceipt(encoded, receiptIndex);
  if (!equalBytes(root, receiptsRoot)) {
    throw invalid('receipt-proof', 'the receipts do not make the root in the header', toHex(receiptsRoot), toHex(root));
  }
  const seals = await sealedFrom(block, depth, rpc, signal);
  return {
    chainId: contracts.chainId,
    logAnchor: contracts.logAnchor,
    header,
    receipt: encodeReceipt(receipt),
    receiptIndex,
    logIndex,
    proof,
    ...(seals.length > 0 && { seals }),
  };
}

/** The block's header with all its seals, and those of its children up to a depth; none where it has no seals. */
async function sealedFrom(
  block: Block,
  depth: number,
  rpc: Rpc,
  signal: AbortSignal | undefined,
): Promise<Uint8Array[]> {
  if (!isSealed(block)) return [];
  const headers = [encodeSealedHeader(block)];
  for (let parent: RpcBlock = block; headers.length < depth;) {
    const params = [toQuantity(Number(parent.number) + 1), false];
    const child = await rpc.request<Block | null>('eth_getBlockByNumber', params, signal);
    if (child?.parentHash !== parent.hash) {
      const got = child?.parentHash ?? 'no block';
      throw new XinlianError('CHAIN_WRONG', { what: 'header', wanted: `a child of ${parent.hash}`, got });
    }
    headers.push(encodeSealedHeader(child));
    parent = child;
  }
  return headers;
}

/** All receipts of a block in order. Engines that do not know the one method are asked for each receipt. */
export async function receiptsOf(rpc: Rpc, block: Block, signal: AbortSignal | undefined): Promise<Receipt[]> {
  let receipts: (Receipt | null)[] | null;
  try {
    receipts = await rpc.request<Receipt[] | null>('eth_getBlockReceipts', [block.hash], signal);
  } catch (error) {
    if (!XinlianError.is(error, 'CHAIN_REFUSED')) throw error;
    receipts = await Promise.all(
      block.transactions.map((hash) => rpc.request<Receipt | null>('eth_getTransactionReceipt', [hash], signal)),
    );
  }
  const known = (receipts ?? []).filter((receipt) => receipt !== null);
  if (known.length !== block.transactions.length) {
    throw new XinlianError('NOT_FOUND', { what: 'receipts of block', id: block.hash });
  }
  return known.sort((a, b) => indexOf(a) - indexOf(b));
}

function indexOf(receipt: Receipt): number {
  return quantity('transaction index', receipt.transactionIndex);
}

function isAnchor(contracts: ConsortiumContracts, log: RpcLog, { log: id, size, root }: AnchorPlace): boolean {
  const event = decodeLog(contracts, log);
  return event?.type === 'Anchored' && event.log === id && event.size === size && equalBytes(event.root, root);
}

function invalid(link: 'header' | 'receipt-proof', reason: string, wanted: string, got: string): XinlianError {
  return new XinlianError('PROOF_INVALID', { link, reason, wanted, got });
}

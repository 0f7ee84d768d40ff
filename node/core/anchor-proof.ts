// The proof that the chain took a checkpoint: the LogAnchor's event, and the way from it to a block header.
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { AnchorProof } from './bundle.ts';
import { equalBytes, fromHex, toHex, utf8, type Hex } from './bytes.ts';
import type { LogOrigin } from './checkpoint.ts';
import { malformed, XinlianError } from './errors.ts';
import {
  decodeHeader,
  decodeReceipt,
  encodeHeader,
  encodeReceipt,
  type BlockHeader,
  type ReceiptLog,
  type RpcBlock,
  type RpcReceipt,
} from './ethereum.ts';
import { parseLogId, type LogId } from './ids.ts';
import { proveReceipt, verifyReceiptProof } from './receipts-trie.ts';

/** Topic of `event Anchored(LogId indexed log, uint64 size, bytes32 root)`. */
export const ANCHORED_TOPIC: Hex = toHex(keccak_256(utf8('Anchored(bytes32,uint64,bytes32)')));

const WORD = 32;

/** A checkpoint that a LogAnchor tells. */
export interface AnchoredEvent {
  /** The contract that told it. */
  logAnchor: Hex;
  log: LogId;
  size: number;
  root: Uint8Array;
}

/** The checkpoint that an event tells; `undefined` for any other event. */
export function decodeAnchored({ address, topics, data }: ReceiptLog): AnchoredEvent | undefined {
  const [topic, log] = topics;
  if (topic !== ANCHORED_TOPIC || !log || topics.length !== 2 || data.length !== 2 * WORD) return undefined;
  const size = data.subarray(0, WORD).reduce((sum, byte) => sum * 256 + byte, 0);
  if (!Number.isSafeInteger(size)) return undefined;
  return { logAnchor: address, log: parseLogId(log), size, root: data.slice(WORD) };
}

/**
 * Makes the proof of a checkpoint from its block, as JSON-RPC gives it.
 * @param block the block of the anchoring transaction
 * @param receipts all its receipts, in order
 * Throws `MALFORMED` where block and receipts do not belong together, `NOT_FOUND` where no event tells the checkpoint.
 */
export function makeAnchorProof(
  { chainId, logAnchor, log, size, root }: LogOrigin & { size: number; root: Uint8Array },
  block: RpcBlock,
  receipts: readonly RpcReceipt[],
): AnchorProof {
  const contract = logAnchor.toLowerCase();
  const header = encodeHeader(block);
  const encoded = receipts.map(encodeReceipt);
  const told = (event: ReceiptLog): boolean => {
    const anchored = decodeAnchored(event);
    return (
      anchored?.logAnchor === contract &&
      anchored.log === log &&
      anchored.size === size &&
      equalBytes(anchored.root, root)
    );
  };
  const logIndexes = encoded.map((receipt) => decodeReceipt(receipt).logs.findIndex(told));
  const receiptIndex = logIndexes.findIndex((i) => i >= 0);
  const receipt = encoded[receiptIndex];
  const logIndex = logIndexes[receiptIndex];
  if (!receipt || logIndex === undefined) {
    throw new XinlianError('NOT_FOUND', { what: `anchoring of log ${log} in block ${block.hash}`, id: `size ${size}` });
  }
  const trie = proveReceipt(encoded, receiptIndex);
  const wanted = decodeHeader(header).receiptsRoot;
  if (!equalBytes(trie.root, wanted)) malformed('receipts of the block', toHex(wanted), toHex(trie.root));
  return {
    chainId,
    logAnchor: contract,
    header: toHex(header),
    receipt: toHex(receipt),
    receiptIndex,
    logIndex,
    proof: trie.proof.map(toHex),
  };
}

/**
 * Checks that the receipt has, at the given index and there alone, the event by which the LogAnchor of `origin` took the
 * checkpoint. Throws `PROOF_INVALID` (anchor-event) where it has not, `MALFORMED` where the receipt is none.
 */
export function verifyAnchorEvent(
  proof: AnchorProof,
  { origin, size, root }: { origin: LogOrigin; size: number; root: Uint8Array },
): void {
  bind('chain', String(origin.chainId), String(proof.chainId));
  bind('contract', origin.logAnchor, proof.logAnchor);
  const events = decodeReceipt(fromHex(proof.receipt)).logs.map(decodeAnchored);
  const own = (event: AnchoredEvent | undefined): boolean =>
    event?.logAnchor === origin.logAnchor && event.log === origin.log;
  const event = events[proof.logIndex];
  if (!event || !own(event))
    return fails('the receipt has no such event of this log', origin.log, `event ${proof.logIndex}`);
  bind('size', String(size), String(event.size));
  bind('root', toHex(root), toHex(event.root));
  const first = events.findIndex((other) => own(other) && other?.size === size);
  bind('index of the event', String(first), String(proof.logIndex));
}

/** Checks that the receipt is in the block. Throws `PROOF_INVALID` (receipt-proof) where it is not. */
export function verifyAnchorReceipt(
  { receipt, receiptIndex, proof }: AnchorProof,
  { receiptsRoot }: BlockHeader,
): void {
  const nodes = proof.map((node) => fromHex(node));
  const proved = toHex(verifyReceiptProof({ root: receiptsRoot, index: receiptIndex, proof: nodes }));
  if (proved !== receipt) {
    const reason = 'the block has another receipt there';
    throw new XinlianError('PROOF_INVALID', { link: 'receipt-proof', reason, wanted: proved, got: receipt });
  }
}

function bind(what: string, wanted: string, got: string): void {
  if (got !== wanted) fails(`the ${what} is another`, wanted, got);
}

function fails(reason: string, wanted: string, got: string): never {
  throw new XinlianError('PROOF_INVALID', { link: 'anchor-event', reason, wanted, got });
}

// Proofs that a receipt is in a block: Merkle Patricia tries (yellow paper, appendix D) over receipts, keyed by rlp(index).
import { keccak_256 } from '@noble/hashes/sha3.js';
import { equalBytes, toHex } from './bytes.ts';
import { malformed, XinlianError } from './errors.ts';
import { decodeRlpList, encodeRlp, integerBytes, type RlpItem } from './rlp.ts';

const HASH_LENGTH = 32;
const BRANCH_LENGTH = 17;
const EXTENSION = 0;
const LEAF = 2;

interface Leaf {
  /** Nibbles of the key. */
  path: readonly number[];
  value: Uint8Array;
}

/**
 * Builds a block's receipts trie and proves one receipt.
 * @param receipts all receipts of the block in order, as `encodeReceipt` gives them
 * @param index which one
 * @returns the root, to be compared with the header's, and the trie's nodes from the root down to the receipt
 * Throws `MALFORMED` where the block has no such receipt.
 */
export function proveReceipt(
  receipts: readonly Uint8Array[],
  index: number,
): { root: Uint8Array; proof: Uint8Array[] } {
  const leaves = receipts.map((value, i) => ({ path: keyPath(i), value }));
  const wanted = leaves[index];
  if (!wanted) return malformed('receipt index', `0 … ${receipts.length - 1}`, index);
  const proof: Uint8Array[] = [];
  const node = buildNode(leaves, 0, wanted, proof);
  const root = encodeRlp(node);
  // A root is hashed and listed however short it is.
  if (root.length < HASH_LENGTH) proof.unshift(root);
  return { root: keccak_256(root), proof };
}

/** Root of the trie over no receipt: keccak256 of the RLP of nothing. */
export const EMPTY_RECEIPTS_ROOT: Uint8Array = keccak_256(encodeRlp(new Uint8Array()));

/** Root of a block's receipts trie. @param receipts all of them in order, as `encodeReceipt` gives them */
export function receiptsRootOf(receipts: readonly Uint8Array[]): Uint8Array {
  return receipts.length === 0 ? EMPTY_RECEIPTS_ROOT : proveReceipt(receipts, 0).root;
}

/** Collects into `proof`, root first, the nodes above `wanted` that are hashed. Shorter ones stand in their parent. */
function buildNode(leaves: readonly Leaf[], depth: number, wanted: Leaf, proof: Uint8Array[]): RlpItem[] {
  const node = nodeOver(leaves, depth, wanted, proof);
  if (leaves.includes(wanted)) {
    const encoded = encodeRlp(node);
    if (encoded.length >= HASH_LENGTH) proof.unshift(encoded);
  }
  return node;
}

function nodeOver(leaves: readonly Leaf[], depth: number, wanted: Leaf, proof: Uint8Array[]): RlpItem[] {
  const { path, value } = leaves[0]!;
  if (leaves.length === 1) return [compactPath(path.slice(depth), LEAF), value];
  let fork = depth;
  while (leaves.every((leaf) => leaf.path[fork] === path[fork])) fork++;
  if (fork > depth) {
    return [compactPath(path.slice(depth, fork), EXTENSION), reference(buildNode(leaves, fork, wanted, proof))];
  }
  // No key is the start of another, so a branch has no value of its own.
  const branch: RlpItem[] = Array.from({ length: BRANCH_LENGTH }, () => new Uint8Array());
  for (let nibble = 0; nibble < BRANCH_LENGTH - 1; nibble++) {
    const below = leaves.filter((leaf) => leaf.path[depth] === nibble);
    if (below.length > 0) branch[nibble] = reference(buildNode(below, depth + 1, wanted, proof));
  }
  return branch;
}

/** How a parent names a node: by hash, or by the node itself where it is shorter than a hash. */
function reference(node: RlpItem[]): RlpItem {
  const encoded = encodeRlp(node);
  return encoded.length < HASH_LENGTH ? node : keccak_256(encoded);
}

export interface ReceiptClaim {
  /** Receipts root of the block's header, 32 bytes. */
  root: Uint8Array;
  /** Index of the receipt in the block. */
  index: number;
  /** RLP of the trie's nodes from the root down; each is used. */
  proof: readonly Uint8Array[];
}

/** @returns the bytes of the receipt. Throws `PROOF_INVALID` (receipt-proof) where the proof does not hold. */
export function verifyReceiptProof({ root, index, proof }: ReceiptClaim): Uint8Array {
  if (!Number.isSafeInteger(index) || index < 0) fails('no receipt has this index', '≥ 0', String(index));
  const rest = [...proof];
  let path = keyPath(index);
  let node = hashedNode(root, rest);
  for (;;) {
    let child: RlpItem | undefined;
    if (node.length === BRANCH_LENGTH) {
      child = node[path[0] ?? BRANCH_LENGTH];
      path = path.slice(1);
    } else {
      const { nibbles, leaf } = readCompactPath(node);
      if (nibbles.some((nibble, i) => nibble !== path[i]))
        fails('the block has no such receipt', `${index}`, 'another key');
      path = path.slice(nibbles.length);
      if (leaf) return receiptOf(node, path, rest);
      child = node[1];
    }
    node = Array.isArray(child) ? embeddedNode(child) : hashedNode(child, rest);
  }
}

function receiptOf([, value]: RlpItem[], path: readonly number[], unused: readonly Uint8Array[]): Uint8Array {
  if (path.length > 0) fails('the block has no such receipt', 'the whole key', `${path.length} nibbles left`);
  if (unused.length > 0) fails('the proof is too long', 'no further node', `${unused.length}`);
  if (!(value instanceof Uint8Array) || value.length === 0) return fails('the leaf has no receipt', 'bytes', 'others');
  return value;
}

function hashedNode(hash: RlpItem | undefined, rest: Uint8Array[]): RlpItem[] {
  if (!(hash instanceof Uint8Array) || hash.length !== HASH_LENGTH) {
    return fails('the block has no such receipt', 'the hash of a node', 'nothing');
  }
  const encoded = rest.shift();
  if (!encoded) return fails('the proof is too short', `node ${toHex(hash)}`, 'no further node');
  const got = keccak_256(encoded);
  if (!equalBytes(got, hash)) fails('a node has another hash', toHex(hash), toHex(got));
  return nodeItems(encoded);
}

function embeddedNode(node: RlpItem[]): RlpItem[] {
  const encoded = encodeRlp(node);
  if (encoded.length >= HASH_LENGTH) fails('a node stands in its parent', '< 32 bytes', `${encoded.length} bytes`);
  return nodeItems(encoded);
}

function nodeItems(encoded: Uint8Array): RlpItem[] {
  let node: RlpItem[];
  try {
    node = decodeRlpList('trie node', encoded);
  } catch (cause) {
    const details = {
      link: 'receipt-proof',
      reason: 'a node is not RLP',
      got: toHex(encoded.subarray(0, 32)),
    } as const;
    throw new XinlianError('PROOF_INVALID', details, { cause });
  }
  if (node.length !== BRANCH_LENGTH && node.length !== 2) fails('a node has another form', '2 or 17', `${node.length}`);
  return node;
}

/** Key of a receipt in its trie, in nibbles. */
function keyPath(index: number): number[] {
  return [...encodeRlp(integerBytes(index))].flatMap((byte) => [byte >> 4, byte & 15]);
}

/** Hex-prefix encoding (yellow paper, appendix C). */
function compactPath(nibbles: readonly number[], kind: typeof LEAF | typeof EXTENSION): Uint8Array {
  const odd = nibbles.length % 2;
  const padded = odd === 1 ? [kind + 1, ...nibbles] : [kind, 0, ...nibbles];
  return Uint8Array.from({ length: padded.length / 2 }, (_, i) => (padded[2 * i]! << 4) | padded[2 * i + 1]!);
}

function readCompactPath([compact]: RlpItem[]): { nibbles: number[]; leaf: boolean } {
  const bytes = compact instanceof Uint8Array ? compact : new Uint8Array();
  const [kind = 4, ...padded] = [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
  const nibbles = padded.slice(kind % 2 === 1 ? 0 : 1);
  const leaf = kind >= LEAF;
  // An extension of no nibble would let a proof go in circles.
  if (kind > 3 || (kind % 2 === 0 && padded[0] !== 0) || (!leaf && nibbles.length === 0)) {
    fails('a path has another form', 'hex-prefix encoding', toHex(bytes));
  }
  return { nibbles, leaf };
}

function fails(reason: string, wanted: string, got: string): never {
  throw new XinlianError('PROOF_INVALID', { link: 'receipt-proof', reason, wanted, got });
}

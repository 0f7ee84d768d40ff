// The status tree of a whole log in memory: a node for each position that has a status, and one for each fork above them.
import { nodeHash } from '../core/merkle.ts';
import { EMPTY_STATUS, statusLeaf, STATUS_DEPTH } from '../core/status-tree.ts';

interface Leaf {
  position: number;
  hash: Uint8Array;
}

/** Where two subtrees part: they have the first `depth` bits of their positions in common. */
interface Fork {
  depth: number;
  /** Any position below. */
  position: number;
  left: Node;
  right: Node;
  /** Hash at `depth`; undefined after a change below. */
  hash: Uint8Array | undefined;
}

type Node = Leaf | Fork;

export class StatusSet {
  readonly #values = new Map<number, Uint8Array>();
  #top: Node | undefined;

  /** @returns undefined for a position that is plain live */
  get(position: number): Uint8Array | undefined {
    return this.#values.get(position);
  }

  /** @param value null makes the position plain live again */
  set(position: number, value: Uint8Array | null): void {
    if (value === null) {
      if (this.#values.delete(position) && this.#top) this.#top = without(this.#top, position);
      return;
    }
    this.#values.set(position, value);
    const leaf = { position, hash: statusLeaf(position, value) };
    this.#top = this.#top ? insert(this.#top, leaf) : leaf;
  }

  /** Root of the tree over all statuses (docs/protocol.md, section 3). */
  root(): Uint8Array {
    return this.#top ? hashAt(this.#top, 0) : EMPTY_STATUS;
  }

  entries(): Iterable<[position: number, value: Uint8Array]> {
    return this.#values;
  }
}

function insert(node: Node, leaf: Leaf): Node {
  const common = commonBits(node.position, leaf.position);
  if (!('depth' in node)) return common === STATUS_DEPTH ? leaf : fork(common, node, leaf);
  if (common < node.depth) return fork(common, node, leaf);
  if (bitAt(leaf.position, node.depth) === 0) node.left = insert(node.left, leaf);
  else node.right = insert(node.right, leaf);
  node.hash = undefined;
  return node;
}

/** @returns undefined where nothing is left. The leaf MUST be there. */
function without(node: Node, position: number): Node | undefined {
  if (!('depth' in node)) return undefined;
  const side = bitAt(position, node.depth) === 0 ? 'left' : 'right';
  const rest = without(node[side], position);
  if (!rest) return side === 'left' ? node.right : node.left;
  node[side] = rest;
  // It may have been that of the leaf that is gone.
  node.position = rest.position;
  node.hash = undefined;
  return node;
}

function fork(depth: number, node: Node, leaf: Leaf): Fork {
  const [left, right] = bitAt(leaf.position, depth) === 0 ? [leaf, node] : [node, leaf];
  return { depth, position: leaf.position, left, right, hash: undefined };
}

/** Hash of the subtree at a depth, above which it has nothing beside it. */
function hashAt(node: Node, depth: number): Uint8Array {
  const isFork = 'depth' in node;
  let hash = isFork ? forkHash(node) : node.hash;
  for (let at = isFork ? node.depth : STATUS_DEPTH; at > depth; at--) {
    hash = bitAt(node.position, at - 1) === 0 ? nodeHash(hash, EMPTY_STATUS) : nodeHash(EMPTY_STATUS, hash);
  }
  return hash;
}

function forkHash(node: Fork): Uint8Array {
  return (node.hash ??= nodeHash(hashAt(node.left, node.depth + 1), hashAt(node.right, node.depth + 1)));
}

/** Bit of a position, 0 being the first of 40. */
function bitAt(position: number, index: number): number {
  return Math.floor(position / 2 ** (STATUS_DEPTH - 1 - index)) % 2;
}

/** How many first bits two positions share. */
function commonBits(a: number, b: number): number {
  const high = Math.floor(a / 2 ** 32) ^ Math.floor(b / 2 ** 32);
  if (high !== 0) return Math.clz32(high) - 24;
  return 8 + Math.clz32(a ^ b);
}

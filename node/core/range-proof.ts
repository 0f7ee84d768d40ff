// A stretch of a log under one checkpoint: all its entries give the root, with the inclusion proofs of its first and its last.
import { concat, equalBytes, toBase64 } from './bytes.ts';
import { malformed, XinlianError } from './errors.ts';
import { leafHash, nodeHash, splitPoint } from './merkle.ts';

export interface LogRange {
  /** Position of the first entry. */
  from: number;
  /** All of them, as they stand in the log. */
  entries: readonly Uint8Array[];
  /** Of the checkpoint. */
  size: number;
  root: Uint8Array;
  /** Inclusion proofs (RFC 9162) of the first entry and of the last. */
  first: readonly Uint8Array[];
  last: readonly Uint8Array[];
}

/**
 * Shows that nothing between the first entry and the last is missing, put in or another.
 * @throws PROOF_INVALID (inclusion); MALFORMED for a range that is none, or out of the tree
 */
export function verifyRange({ from, entries, size, root, first, last }: LogRange): void {
  const to = from + entries.length;
  if (!(from >= 0 && from < to && to <= size)) malformed('range', `within 0 to ${size}`, `${from} to ${to}`);
  const beside = new Map([...siblingsOf(from, size, first), ...siblingsOf(to - 1, size, last)]);
  const hashOf = (low: number, high: number): Uint8Array => {
    if (high <= from || low >= to) {
      const hash = beside.get(`${low}/${high}`);
      return hash ?? broken('a hash of what is beside the range', 'none');
    }
    if (high - low === 1) return leafHash(entries[low - from] ?? concat());
    const middle = low + splitPoint(high - low);
    return nodeHash(hashOf(low, middle), hashOf(middle, high));
  };
  const got = hashOf(0, size);
  if (!equalBytes(got, root)) broken(toBase64(root), toBase64(got));
}

/** The subtrees beside the way to a leaf, `low/high` → hash. */
function siblingsOf(index: number, size: number, proof: readonly Uint8Array[]): [string, Uint8Array][] {
  const siblings: [string, Uint8Array][] = [];
  // A proof goes from the leaf up, and this from the root down.
  const hashes = [...proof];
  let [low, high] = [0, size];
  while (high - low > 1) {
    const middle = low + splitPoint(high - low);
    const hash = hashes.pop() ?? broken('a hash for each level', 'too few');
    if (index < middle) {
      siblings.push([`${middle}/${high}`, hash]);
      high = middle;
    } else {
      siblings.push([`${low}/${middle}`, hash]);
      low = middle;
    }
  }
  if (hashes.length > 0) broken('a hash for each level', 'too many');
  return siblings;
}

function broken(wanted: string, got: string): never {
  throw new XinlianError('PROOF_INVALID', {
    link: 'inclusion',
    reason: 'the entries of the range do not give the root',
    wanted,
    got,
  });
}

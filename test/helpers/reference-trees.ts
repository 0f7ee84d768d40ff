// Trees worked out the slow way, from the definitions alone.
import { createHash } from 'node:crypto';
import { concat, u64 } from '../../node/core/bytes.ts';

function sha256(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(
    createHash('sha256')
      .update(concat(...parts))
      .digest(),
  );
}

/** MTH of RFC 6962, section 2.1. */
export function referenceRoot(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0) return sha256();
  if (entries.length === 1) return sha256(Uint8Array.of(0), entries[0]!);
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return sha256(Uint8Array.of(1), referenceRoot(entries.slice(0, k)), referenceRoot(entries.slice(k)));
}

/** Hashes of the tile at a tile level and index, as many as the log has: each the root of 256^level entries. */
export function referenceTile(entries: readonly Uint8Array[], level: number, index: number): Uint8Array {
  const width = 256 ** level;
  const hashes: Uint8Array[] = [];
  for (let at = index * 256 * width; hashes.length < 256 && at + width <= entries.length; at += width) {
    hashes.push(referenceRoot(entries.slice(at, at + width)));
  }
  return concat(...hashes);
}

/** Root of the status tree over what has a status (docs/protocol.md, section 3). */
export function referenceStatusRoot(statuses: ReadonlyMap<number, Uint8Array>, depth = 0, prefix = 0): Uint8Array {
  const width = 2 ** (40 - depth);
  const inside = [...statuses].filter(([position]) => Math.floor(position / width) === prefix);
  if (inside.length === 0) return new Uint8Array(32);
  if (depth === 40) return sha256(Uint8Array.of(0), u64(prefix), inside[0]![1]);
  const below = new Map(inside);
  return sha256(
    Uint8Array.of(1),
    referenceStatusRoot(below, depth + 1, 2 * prefix),
    referenceStatusRoot(below, depth + 1, 2 * prefix + 1),
  );
}

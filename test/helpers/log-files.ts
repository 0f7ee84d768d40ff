// A log as files made of any bytes: for what no agency's own software would write.
import { ed25519 } from '@noble/curves/ed25519.js';
import type { ConsortiumContracts } from '../../node/chain/events.ts';
import { concat, utf8 } from '../../node/core/bytes.ts';
import { checkpointOrigin, encodeCheckpoint } from '../../node/core/checkpoint.ts';
import type { LogId } from '../../node/core/ids.ts';
import { leafHash, TreeFrontier } from '../../node/core/merkle.ts';
import { signNote } from '../../node/core/note.ts';
import { encodeBundle, filesForSize, tilePath, TILE_WIDTH } from '../../node/core/tiles.ts';

export interface MadeFiles {
  size: number;
  root: Uint8Array;
  files: Map<string, Uint8Array>;
}

/** Every file of the log over these entries, its checkpoint signed. */
export async function filesOf(
  entries: readonly Uint8Array[],
  { log, contracts, secret }: { log: LogId; contracts: ConsortiumContracts; secret: Uint8Array },
): Promise<MadeFiles> {
  const levels: Uint8Array[][] = [];
  const tree = new TreeFrontier();
  for (const entry of entries) {
    tree.append(leafHash(entry), (level, _index, hash) => {
      if (level % 8 === 0) (levels[level / 8] ??= []).push(hash);
    });
  }
  const { size } = tree;
  const files = new Map<string, Uint8Array>();
  for (const tile of filesForSize(size)) {
    const [start, end] = [tile.index * TILE_WIDTH, tile.index * TILE_WIDTH + tile.width];
    const bytes =
      tile.level === 'entries'
        ? encodeBundle(entries.slice(start, end))
        : concat(...(levels[tile.level] ?? []).slice(start, end));
    files.set(tilePath(tile), bytes);
  }
  const origin = checkpointOrigin({ chainId: contracts.chainId, logAnchor: contracts.logAnchor, log });
  const publicKey = ed25519.getPublicKey(secret);
  const signer = { name: origin, publicKey, sign: (message: Uint8Array) => ed25519.sign(message, secret) };
  files.set('checkpoint', utf8(await signNote(encodeCheckpoint({ origin, size, root: tree.root() }), signer)));
  return { size, root: tree.root(), files };
}

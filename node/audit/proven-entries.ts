// Any stretch of a log, proved by itself.
import { equalBytes, fromUtf8 } from '../core/bytes.ts';
import { parseCheckpoint } from '../core/checkpoint.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import { leafHash } from '../core/merkle.ts';
import { parseNote } from '../core/note.ts';
import { TILE_WIDTH } from '../core/tiles.ts';
import type { Anchor } from './chain-fold.ts';
import type { LogSource } from './ports.ts';
import { ProvenTree } from './proven-tree.ts';
import { hashesOf } from './rules/served.ts';
import { ServedFiles } from './served-files.ts';

/** An entry that the last anchored root proves. */
export interface ProvenEntry {
  position: number;
  bytes: Uint8Array;
}

/**
 * Entries `from … to − 1` of a log, all of them, each proved from an anchored root: nothing between them is missing.
 * @throws PROOF_INVALID where the source does not serve just these; MALFORMED for a range beyond the anchor; UNREACHABLE
 */
export async function* provenEntries(
  anchor: Anchor,
  source: LogSource,
  { from, to }: { from: number; to: number },
  signal?: AbortSignal,
): AsyncGenerator<ProvenEntry> {
  if (!(from >= 0 && from < to && to <= anchor.size))
    malformed('range', `within 0 to ${anchor.size}`, `${from} to ${to}`);
  const files = new ServedFiles(source, Math.max(anchor.size, await sizeOf(source, signal)), signal);
  const tree = await ProvenTree.open({ files, found: () => {}, place: {} }, anchor.size, anchor.root);
  if (!(tree instanceof ProvenTree)) return unproven(source, 'the hashes served do not give the anchored root');
  for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < to; index++) {
    const start = index * TILE_WIDTH;
    const hashes = await tile0(tree, index);
    const { content } = await files.bundle(index, Math.min(TILE_WIDTH, anchor.size - start));
    for (let position = Math.max(from, start); position < Math.min(to, start + TILE_WIDTH); position++) {
      const bytes = typeof content === 'string' ? undefined : content[position - start];
      const hash = hashes[position - start];
      if (!bytes || !hash || !equalBytes(leafHash(bytes), hash))
        return unproven(source, `entry ${position} is not served`);
      yield { position, bytes };
    }
  }
}

async function tile0(tree: ProvenTree, index: number): Promise<Uint8Array[]> {
  const tile = await tree.tile(0, index);
  return tile ? hashesOf(tile) : [];
}

function unproven({ name }: LogSource, reason: string): never {
  throw new XinlianError('PROOF_INVALID', { link: 'inclusion', reason: `${name}: ${reason}` });
}

/** What the source says that it has: a hint at the widths of its tiles, and no more. */
async function sizeOf(source: LogSource, signal: AbortSignal | undefined): Promise<number> {
  const note = await ServedFiles.note(source, signal);
  try {
    return note ? parseCheckpoint(parseNote(fromUtf8(note)).text).size : 0;
  } catch (error) {
    if (XinlianError.is(error, 'MALFORMED') || XinlianError.is(error, 'TOO_LARGE')) return 0;
    throw error;
  }
}

// A stretch of a log as a gateway passed it on, checked here: the gateway is believed nothing.
import { equalBytes, fromBase64, fromBase64Url } from '../../node/core/bytes.ts';
import type { EntryProof } from '../../node/core/bundle.ts';
import { parseCheckpoint, parseOrigin, type Checkpoint } from '../../node/core/checkpoint.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { LogId } from '../../node/core/ids.ts';
import { parseNote, verifyNote } from '../../node/core/note.ts';
import { verifyRange } from '../../node/core/range-proof.ts';

/** As `getLogRange` answers. */
export interface AnsweredRange {
  log: string;
  from: number;
  entries: readonly string[];
  first: EntryProof;
  last: EntryProof;
}

/**
 * Entries of a log between two positions, shown to be all of them under a checkpoint that a key of its owner signed. That the
 * checkpoint is the anchored one is seen on the chain: `size` and `root` of a final anchor.
 * @param keys checkpoint keys of the log's owner
 * @throws PROOF_INVALID, SIGNATURE_INVALID, MALFORMED
 */
export function openRange(
  { log, from, entries, first, last }: AnsweredRange,
  asked: { log: LogId; from: number; to: number },
  keys: readonly Uint8Array[],
): { entries: Uint8Array[]; checkpoint: Checkpoint } {
  const count = asked.to - asked.from + 1;
  same('log', asked.log, log);
  same('first position', String(asked.from), String(from));
  same('number of entries', String(count), String(entries.length));
  same('ends', `${asked.from} to ${asked.to}`, `${first.position} to ${last.position}`);
  same('checkpoint of both ends', first.checkpoint, last.checkpoint);
  const { text } = parseNote(first.checkpoint);
  const checkpoint = parseCheckpoint(text);
  same('log of the checkpoint', asked.log, parseOrigin(checkpoint.origin).log);
  const own = keys.find((key) => equalBytes(key, fromBase64Url(first.signer.key, 32)));
  if (!own) throw new XinlianError('SIGNATURE_INVALID', { what: 'checkpoint', key: first.signer.key });
  verifyNote(first.checkpoint, [{ name: checkpoint.origin, publicKey: own }]);
  const bytes = entries.map((entry) => fromBase64Url(entry));
  const { size, root } = checkpoint;
  const [begins, ends] = [first, last].map(({ inclusion }) => inclusion.map((hash) => fromBase64(hash)));
  verifyRange({ from, entries: bytes, size, root, first: begins ?? [], last: ends ?? [] });
  return { entries: bytes, checkpoint };
}

function same(what: string, wanted: string, got: string): void {
  if (wanted === got) return;
  throw new XinlianError('PROOF_INVALID', { link: 'inclusion', reason: `another ${what}`, wanted, got });
}

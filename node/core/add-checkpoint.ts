// What a witness is sent, and answers: C2SP tlog-witness, add-checkpoint.
import { fromBase64, toBase64 } from './bytes.ts';
import { parseDecimal } from './checkpoint.ts';
import { malformed } from './errors.ts';
import { HASH_LENGTH } from './merkle.ts';

/** Media type of a 409 that tells the size to go on from. */
export const TLOG_SIZE = 'text/x.tlog.size';

/** A consistency proof is no longer than this. */
const MOST_PROOF_LINES = 63;

export interface AddCheckpoint {
  /** Size of the checkpoint that the witness cosigned last; 0 before the first. */
  oldSize: number;
  /** That the new checkpoint extends that one: hashes of 32 bytes. */
  proof: readonly Uint8Array[];
  /** The checkpoint, a signed note. */
  note: string;
}

/** The body of a request. */
export function encodeAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): string {
  return [`old ${oldSize}`, ...proof.map((hash) => toBase64(hash)), '', note].join('\n');
}

/** Inverse of `encodeAddCheckpoint`; the note is not read. Strict: throws `MALFORMED` for any other form. */
export function parseAddCheckpoint(body: string): AddCheckpoint {
  const split = body.indexOf('\n\n');
  if (split < 0) malformed('add-checkpoint', 'an empty line before the checkpoint', body);
  const [first = '', ...lines] = body.slice(0, split).split('\n');
  const [, size] = /^old (.*)$/.exec(first) ?? malformed('add-checkpoint', 'old <size>', first);
  if (lines.length > MOST_PROOF_LINES) {
    malformed('consistency proof', `at most ${MOST_PROOF_LINES} lines`, lines.length);
  }
  return {
    oldSize: parseDecimal('old size', size as string, 0),
    proof: lines.map((line) => fromBase64(line, HASH_LENGTH)),
    note: body.slice(split + 2),
  };
}

/** The size in a 409. Throws `MALFORMED`. */
export function parseKnownSize(body: string): number {
  if (!body.endsWith('\n')) malformed('known size', 'a line', body);
  return parseDecimal('known size', body.slice(0, -1), 0);
}

// The text form of a proof that an entry is in a log: C2SP tlog-proof. docs/protocol.md, section 4.
import { fromBase64, toBase64 } from './bytes.ts';
import { parseDecimal } from './checkpoint.ts';
import { malformed, XinlianError } from './errors.ts';
import { HASH_LENGTH } from './merkle.ts';

export const TLOG_PROOF_MEDIA_TYPE = 'text/plain; charset=utf-8';

const HEADER = 'c2sp.org/tlog-proof@v1';
const MOST_HASHES = 64;
const MOST_CHARACTERS = 1_000_000;

export interface TlogProof {
  /** What nothing vouches for: it may help to make the entry. */
  extra?: Uint8Array;
  /** Position of the entry. */
  index: number;
  /** From the leaf up, hashes of 32 bytes. */
  proof: readonly Uint8Array[];
  /** The checkpoint as it was signed, cosignatures included. */
  note: string;
}

export function encodeTlogProof({ extra, index, proof, note }: TlogProof): string {
  const lines = [HEADER, ...(extra ? [`extra ${toBase64(extra)}`] : []), `index ${index}`];
  return [...lines, ...proof.map((hash) => toBase64(hash)), '', note].join('\n');
}

/** Inverse of `encodeTlogProof`; the note is not read. Strict: throws `MALFORMED`, or `TOO_LARGE` over a million characters. */
export function parseTlogProof(text: string): TlogProof {
  if (text.length > MOST_CHARACTERS) {
    throw new XinlianError('TOO_LARGE', { what: 'tlog-proof', limit: MOST_CHARACTERS, got: text.length });
  }
  const split = text.indexOf('\n\n');
  if (split < 0) malformed('tlog-proof', 'an empty line before the checkpoint', text);
  const lines = text.slice(0, split).split('\n');
  if (lines.shift() !== HEADER) malformed('tlog-proof', HEADER, text);
  const extra = lines[0]?.startsWith('extra ') ? fromBase64(lines.shift()!.slice('extra '.length)) : undefined;
  const [, index] = /^index (.*)$/.exec(lines.shift() ?? '') ?? malformed('tlog-proof', 'index <position>', text);
  if (lines.length > MOST_HASHES) malformed('inclusion proof', `at most ${MOST_HASHES} hashes`, lines.length);
  return {
    ...(extra && { extra }),
    index: parseDecimal('index', index as string, 0),
    proof: lines.map((line) => fromBase64(line, HASH_LENGTH)),
    note: text.slice(split + 2),
  };
}

/** Throws `MALFORMED`. */
export function malformedExtra(): never {
  return malformed('tlog-proof', 'what it is about, in the extra line', 'none');
}

/** Whether a text says that it is one. */
export function isTlogProof(text: string): boolean {
  return text.startsWith(`${HEADER}\n`);
}

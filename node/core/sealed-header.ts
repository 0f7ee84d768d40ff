// A header with the seals of those who made it, as bytes.
import { toHex, type Hex } from './bytes.ts';
import { XinlianError } from './errors.ts';
import { decodeRlpList, rlpBytes, rlpInteger, type RlpItem } from './rlp.ts';

/** A header as it is sealed: every field as RLP has it. */
export interface SealedHeader {
  fields: RlpItem[];
  /** Where extra data stands among them. */
  extraDataAt: number;
  number: number;
  coinbase: Hex;
  difficulty: number;
  extraData: Uint8Array;
  unclesHash: Hex;
  mixHash: Hex;
  nonce: Hex;
}

/** Order of the yellow paper, section 4.4. */
const [UNCLES, COINBASE, DIFFICULTY, NUMBER, EXTRA_DATA, MIX_HASH, NONCE] = [1, 2, 7, 8, 12, 13, 14] as const;

/** @param rlp of the header with all its seals. Throws `MALFORMED` */
export function readSealedHeader(rlp: Uint8Array): SealedHeader {
  const fields = decodeRlpList('block header', rlp);
  const bytes = (at: number, length?: number): Uint8Array => rlpBytes(`block header field ${at}`, fields[at], length);
  return {
    fields,
    extraDataAt: EXTRA_DATA,
    number: rlpInteger('number', fields[NUMBER]),
    coinbase: toHex(bytes(COINBASE, 20)),
    difficulty: rlpInteger('difficulty', fields[DIFFICULTY]),
    extraData: bytes(EXTRA_DATA),
    unclesHash: toHex(bytes(UNCLES, 32)),
    mixHash: toHex(bytes(MIX_HASH, 32)),
    nonce: toHex(bytes(NONCE, 8)),
  };
}

export function sealBroken(block: number, what: string, wanted: string, got: string): never {
  throw new XinlianError('PROOF_INVALID', { link: 'seals', reason: `block ${block}: ${what}`, wanted, got });
}

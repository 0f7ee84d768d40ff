// Strict reading of RLP (Ethereum yellow paper, appendix B), over @ethereumjs/rlp.
import { RLP } from '@ethereumjs/rlp';
import { equalBytes } from './bytes.ts';
import { malformed, XinlianError } from './errors.ts';

/** A string of bytes, or a list. */
export type RlpItem = Uint8Array | RlpItem[];

export function encodeRlp(item: RlpItem): Uint8Array {
  return RLP.encode(item);
}

/** Decodes one list that fills `bytes`. Throws `MALFORMED` where it does not, or where it has another encoding. */
export function decodeRlpList(what: string, bytes: Uint8Array): RlpItem[] {
  let item: RlpItem;
  try {
    item = RLP.decode(bytes);
  } catch (cause) {
    throw new XinlianError('MALFORMED', { what, wanted: 'RLP', got: `${bytes.length} bytes that are not` }, { cause });
  }
  if (item instanceof Uint8Array) return malformed(what, 'an RLP list', `a string of ${item.length} bytes`);
  if (!equalBytes(RLP.encode(item), bytes)) malformed(what, 'the one RLP form', `another of ${bytes.length} bytes`);
  return item;
}

/** @param length wanted number of bytes, where it is fixed */
export function rlpBytes(what: string, item: RlpItem | undefined, length?: number): Uint8Array {
  if (!(item instanceof Uint8Array)) return malformed(what, 'bytes', item ? 'a list' : 'nothing');
  if (length !== undefined && item.length !== length) malformed(what, `${length} bytes`, `${item.length} bytes`);
  return item;
}

export function rlpList(what: string, item: RlpItem | undefined): RlpItem[] {
  return Array.isArray(item) ? item : malformed(what, 'a list', item ? 'bytes' : 'nothing');
}

/** An unsigned integer: big-endian, no leading zero, at most 2^53 − 1. */
export function rlpInteger(what: string, item: RlpItem | undefined): number {
  const bytes = rlpBytes(what, item);
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  if (bytes[0] === 0 || !Number.isSafeInteger(value)) {
    malformed(what, 'an integer to 2^53 − 1, no leading zeros', `${bytes.length} bytes`);
  }
  return value;
}

/** Big-endian bytes of an unsigned integer, none for 0: how RLP has integers. */
export function integerBytes(value: number | bigint): Uint8Array {
  const digits = value.toString(16);
  const even = value === 0 || value === 0n ? '' : digits.padStart(digits.length + (digits.length % 2), '0');
  return Uint8Array.from({ length: even.length / 2 }, (_, i) => Number.parseInt(even.slice(2 * i, 2 * i + 2), 16));
}

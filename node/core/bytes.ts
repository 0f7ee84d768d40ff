// Bytes and their text forms. Pure: runs in Node and in a browser.
import { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from '#base64url';
import { malformed } from './errors.ts';

export type Hex = `0x${string}`;

const encoder = new TextEncoder();
// A byte order mark stays: two forms of bytes must not give one text.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Strict: throws `MALFORMED` where the bytes are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return malformed('text', 'UTF-8', `${bytes.length} bytes that are not`);
  }
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const hexByte = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): Hex {
  let text = '0x';
  for (const byte of bytes) text += hexByte[byte];
  return text as Hex;
}

/** @param length wanted number of bytes, where it is fixed */
export function fromHex(text: string, length?: number): Uint8Array {
  if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(text)) malformed('hex', '0x and an even number of hex digits', text);
  if (length !== undefined && text.length !== 2 + 2 * length) malformed('hex', `${length} bytes`, text);
  return Uint8Array.from({ length: text.length / 2 - 1 }, (_, i) =>
    Number.parseInt(text.slice(2 + 2 * i, 4 + 2 * i), 16),
  );
}

/** Standard base64 with padding (RFC 4648, section 4). */
export function toBase64(bytes: Uint8Array): string {
  return encodeBase64(bytes);
}

/** Strict: padding wanted, no white space, no stray bits. */
export function fromBase64(text: string, length?: number): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) malformed('base64', 'padded base64', text);
  const characters = text.length - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);
  if (hasStrayBits(text, characters % 4, characters)) malformed('base64', 'its one canonical form', text);
  const bytes = decodeBase64(text);
  if (length !== undefined && bytes.length !== length) malformed('base64', `${length} bytes`, text);
  return bytes;
}

/** base64url without padding (RFC 4648, section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  return encodeBase64Url(bytes);
}

/** Last characters of a group that is not full: those whose bits beyond the last byte are 0. */
const LAST_OF_TWO = 'AQgw';
const LAST_OF_THREE = 'AEIMQUYcgkosw048';

/** Whether the last group, of `rest` characters, has bits that stand for nothing: two texts would have the same bytes. */
function hasStrayBits(text: string, rest: number, characters = text.length): boolean {
  const last = text.charAt(characters - 1);
  return (rest === 2 && !LAST_OF_TWO.includes(last)) || (rest === 3 && !LAST_OF_THREE.includes(last));
}

/** Strict: no padding, no white space, no stray bits. */
export function fromBase64Url(text: string, length?: number): Uint8Array {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) malformed('base64url', 'unpadded base64url', text);
  if (hasStrayBits(text, text.length % 4)) malformed('base64url', 'its one canonical form', text);
  const bytes = decodeBase64Url(text);
  if (length !== undefined && bytes.length !== length) malformed('base64url', `${length} bytes`, text);
  return bytes;
}

export function u64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

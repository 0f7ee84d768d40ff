// HKDF-Expand for browsers, and the reference for `hkdf.node.ts`, which Node loads in its place ("#hkdf" in package.json).
import { expand } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from './bytes.ts';
import { XinlianError, malformed } from './errors.ts';

/** 255 blocks of 32 bytes: RFC 5869, section 2.3. */
const MOST_BYTES = 255 * 32;

/**
 * HKDF-Expand with SHA-256 (RFC 5869, section 2.3).
 *
 * @param key pseudorandom key of at least 32 bytes, else `MALFORMED`
 * @param info label: text stands for its UTF-8 form
 * @param length wanted bytes, at most 255 · 32, else `TOO_LARGE`
 */
export function hkdfExpand(key: Uint8Array, info: string | Uint8Array, length: number): Uint8Array {
  if (key.length < 32) malformed('HKDF key', 'at least 32 bytes', `${key.length} bytes`);
  if (!Number.isSafeInteger(length) || length < 0) malformed('HKDF length', 'a natural number', String(length));
  if (length > MOST_BYTES) throw new XinlianError('TOO_LARGE', { what: 'HKDF output', limit: MOST_BYTES, got: length });
  return expand(sha256, key, typeof info === 'string' ? utf8(info) : info, length);
}

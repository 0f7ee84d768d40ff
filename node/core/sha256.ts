// SHA-256 for browsers, and the reference for `sha256.node.ts`, which Node loads in its place ("#sha256" in package.json).
import { sha256 as noble } from '@noble/hashes/sha2.js';
import { toBase64Url, utf8 } from './bytes.ts';

/** @returns 32 bytes */
export function sha256(data: Uint8Array): Uint8Array {
  return noble(data);
}

/** @returns base64url of the digest of the text's UTF-8 form: 43 characters */
export function sha256Base64Url(text: string): string {
  return toBase64Url(noble(utf8(text)));
}

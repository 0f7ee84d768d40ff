// SHA-256 by OpenSSL: three to six times as fast as JavaScript for the short inputs of logs and disclosures.
import { hash } from 'node:crypto';

/** @returns 32 bytes */
export function sha256(data: Uint8Array): Uint8Array {
  return hash('sha256', data, 'buffer');
}

/** @returns base64url of the digest of the text's UTF-8 form: 43 characters */
export function sha256Base64Url(text: string): string {
  return hash('sha256', text, 'base64url');
}

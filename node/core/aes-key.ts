// WebCrypto would take a shorter key for AES-128, and say nothing.
import { malformed } from './errors.ts';

/** Throws `MALFORMED`. */
export function assertAes256Key(key: Uint8Array): void {
  if (key.length !== 32) malformed('AES-256 key', '32 bytes', `${key.length} bytes`);
}

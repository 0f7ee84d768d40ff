// Agreement on P-256 for browsers, and the reference for `agreement.node.ts` ("#agreement" in package.json).
import { p256 } from '@noble/curves/nist.js';
import type { Agreement } from './jwe.ts';

/** A key in memory that one's answers are sealed to. */
export interface LocalAgreement extends Agreement {
  /** 32 bytes */
  readonly secretKey: Uint8Array;
  /** Compressed, 33 bytes */
  readonly publicKey: Uint8Array;
}

/** @param secretKey 32 bytes; default: a new one */
export function newAgreement(secretKey: Uint8Array = p256.keygen().secretKey): LocalAgreement {
  return {
    secretKey,
    publicKey: p256.getPublicKey(secretKey, true),
    deriveBits: (peer) => p256.getSharedSecret(secretKey, peer, true).subarray(1),
  };
}

/**
 * A fresh key pair, and what it shares with a recipient.
 * @param recipient P-256 point, 33 or 65 bytes
 * @returns the fresh public point (65 bytes), and the x coordinate of the shared one (32 bytes)
 */
export function agreeEphemerally(recipient: Uint8Array): { point: Uint8Array; secret: Uint8Array } {
  const { secretKey } = p256.keygen();
  return {
    point: p256.getPublicKey(secretKey, false),
    secret: p256.getSharedSecret(secretKey, recipient, true).subarray(1),
  };
}

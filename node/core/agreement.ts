// A P-256 key in memory that one's answers are sealed to.
import { p256 } from '@noble/curves/nist.js';
import type { Agreement } from './jwe.ts';

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

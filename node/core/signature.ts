// Verification of signatures for browsers, and the reference for `signature.node.ts` ("#signature" in package.json).
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { concat, fromBase64Url } from './bytes.ts';
import type { PublicJwk } from './jwk.ts';

/** Ed25519 (RFC 8032, strict). A signature of another length than 64 bytes is none. @param publicKey 32 bytes */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === 64 && ed25519.verify(signature, message, publicKey, { zip215: false });
}

/** By the algorithm of the key (RFC 7518, section 3; RFC 8037): EdDSA, ES256 or RS256. */
export async function verifyWithJwk(jwk: PublicJwk, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  switch (jwk.kty) {
    case 'OKP':
      return verifyEd25519(fromBase64Url(jwk.x, 32), message, signature);
    case 'EC': {
      const point = concat(Uint8Array.of(4), fromBase64Url(jwk.x, 32), fromBase64Url(jwk.y, 32));
      return signature.length === 64 && p256.verify(signature, message, point, { lowS: false });
    }
    case 'RSA': {
      const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
      const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify']);
      return crypto.subtle.verify(algorithm, key, own(signature), own(message));
    }
  }
}

function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

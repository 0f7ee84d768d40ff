// Verification of signatures by OpenSSL: ten times as fast as JavaScript.
import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { PublicJwk } from './jwk.ts';

/** Keys read of late: to read one costs as much as to verify with it. */
const MOST_KEYS = 1_024;
const keys = new Map<string, KeyObject>();

/** As in `signature.ts`. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const x = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.length).toString('base64url');
  return verifySync({ kty: 'OKP', crv: 'Ed25519', x }, message, signature);
}

/** As in `signature.ts`. */
export function verifyWithJwk(jwk: PublicJwk, message: Uint8Array, signature: Uint8Array): boolean | Promise<boolean> {
  return verifySync(jwk, message, signature);
}

function verifySync(jwk: PublicJwk, message: Uint8Array, signature: Uint8Array): boolean {
  const key = keyOf(jwk);
  switch (jwk.kty) {
    case 'OKP':
      return verify(null, message, key, signature);
    case 'EC':
      return signature.length === 64 && verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
    case 'RSA':
      return verify('sha256', message, key, signature);
  }
}

function keyOf(jwk: PublicJwk): KeyObject {
  const name = JSON.stringify(jwk);
  const known = keys.get(name);
  if (known) return known;
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const [oldest] = keys.keys();
  if (keys.size >= MOST_KEYS && oldest !== undefined) keys.delete(oldest);
  keys.set(name, key);
  return key;
}

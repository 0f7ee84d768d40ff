// Public keys as JSON Web Keys (RFC 7517) of the three kinds that applications sign with, and P-256 points to seal to.
import { p256 } from '@noble/curves/nist.js';
import { Type, type Static } from 'typebox';
import { concat, fromBase64Url, toBase64Url } from './bytes.ts';
import { malformed } from './errors.ts';
import { codec } from './messages/codec.ts';
import { assertP256Point } from './p256.ts';

const closed = { additionalProperties: false };
const bytes32 = Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$', description: '32 bytes, base64url' });

export const Ed25519Jwk = Type.Object({ kty: Type.Literal('OKP'), crv: Type.Literal('Ed25519'), x: bytes32 }, closed);
export const P256Jwk = Type.Object(
  { kty: Type.Literal('EC'), crv: Type.Literal('P-256'), x: bytes32, y: bytes32 },
  closed,
);
export const RsaJwk = Type.Object(
  {
    kty: Type.Literal('RSA'),
    n: Type.String({ pattern: '^[A-Za-z0-9_-]{342,683}$', description: 'Modulus of 2048 to 4096 bits, base64url' }),
    e: Type.Literal('AQAB', { description: '65537' }),
  },
  closed,
);
export const PublicJwk = Type.Union([Ed25519Jwk, P256Jwk, RsaJwk]);
export type PublicJwk = Static<typeof PublicJwk>;
export type P256Jwk = Static<typeof P256Jwk>;

const publicJwk = codec('JWK', PublicJwk);

/** JWS algorithm of a key (RFC 7518, section 3.1; RFC 8037, section 3.1). */
export function algorithmOf({ kty }: PublicJwk): JwsAlgorithm {
  return kty === 'OKP' ? 'EdDSA' : kty === 'EC' ? 'ES256' : 'RS256';
}
export type JwsAlgorithm = 'EdDSA' | 'ES256' | 'RS256';

/** Strict: no private parts, no other members, a point of the curve, a modulus as long as it looks. Throws `MALFORMED`. */
export function parsePublicJwk(value: unknown): PublicJwk {
  const jwk = publicJwk.check(value);
  if (jwk.kty === 'EC') p256Point(jwk);
  if (jwk.kty === 'RSA') checkModulus(fromBase64Url(jwk.n));
  return jwk;
}

/** RFC 7518, section 6.3.1.1: no zero in front, behind which a short modulus would pass for a long one. */
function checkModulus(modulus: Uint8Array): void {
  const [first = 0] = modulus;
  const bits = 8 * modulus.length - Math.clz32(first) + 24;
  const odd = (modulus.at(-1) ?? 0) % 2 === 1;
  if (first === 0 || bits < 2048 || bits > 4096 || !odd)
    malformed('RSA modulus', '2048 to 4096 bits, odd', `${bits} bits`);
}

/** @param publicKey Ed25519, 32 bytes */
export function ed25519Jwk(publicKey: Uint8Array): PublicJwk {
  return { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(publicKey) };
}

/** @returns uncompressed point, 65 bytes. Throws `MALFORMED` for what is not on the curve */
export function p256Point({ x, y }: P256Jwk): Uint8Array {
  const point = concat(Uint8Array.of(4), fromBase64Url(x, 32), fromBase64Url(y, 32));
  assertP256Point('JWK', point);
  return point;
}

/** @param point compressed (33 bytes) or uncompressed (65 bytes). Throws `MALFORMED` */
export function p256Jwk(point: Uint8Array): P256Jwk {
  let bytes: Uint8Array;
  try {
    bytes = p256.Point.fromBytes(point).toBytes(false);
  } catch {
    return malformed('P-256 point', '33 or 65 bytes on the curve', `${point.length} bytes`);
  }
  return { kty: 'EC', crv: 'P-256', x: toBase64Url(bytes.subarray(1, 33)), y: toBase64Url(bytes.subarray(33)) };
}

// JWE (RFC 7516) in the one form that this project seals with: compact, ECDH-ES on P-256 (RFC 7518, section 4.6), A256GCM.
//
// The private half stays with its key provider: it is asked for the shared secret only, as an HSM would be.
import { p256 } from '@noble/curves/nist.js';
import { concat, fromBase64Url, fromUtf8, toBase64Url, utf8 } from './bytes.ts';
import { malformed, XinlianError } from './errors.ts';
import { sha256 } from '#sha256';

/** The recipient's side of the key agreement. */
export interface Agreement {
  /** x coordinate (32 bytes) of the shared point with a peer's P-256 point (33 or 65 bytes). */
  deriveBits(peer: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

const MAX_JWE = 1 << 20;

/**
 * Seals to a P-256 public key.
 * @param recipient compressed or uncompressed point
 * @param contentType `cty`: what the plaintext is, e.g. JWT
 */
export async function sealJwe(plaintext: Uint8Array, recipient: Uint8Array, contentType?: string): Promise<string> {
  const ephemeral = p256.keygen();
  const point = p256.getPublicKey(ephemeral.secretKey, false);
  const epk = { crv: 'P-256', kty: 'EC', x: toBase64Url(point.subarray(1, 33)), y: toBase64Url(point.subarray(33)) };
  const header = { alg: 'ECDH-ES', ...(contentType && { cty: contentType }), enc: 'A256GCM', epk };
  const protectedHeader = toBase64Url(utf8(JSON.stringify(header)));
  const secret = p256.getSharedSecret(ephemeral.secretKey, recipient, true).subarray(1);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await sealAesGcm(concatKdf(secret), iv, utf8(protectedHeader), plaintext);
  const [text, tag] = [sealed.subarray(0, -16), sealed.subarray(-16)];
  return `${protectedHeader}..${toBase64Url(iv)}.${toBase64Url(text)}.${toBase64Url(tag)}`;
}

/**
 * @param jwe compact form
 * @throws MALFORMED for another form or other algorithms; SIGNATURE_INVALID where the tag does not fit
 */
export async function openJwe(
  jwe: string,
  agreement: Agreement,
): Promise<{ plaintext: Uint8Array; contentType?: string }> {
  if (jwe.length > MAX_JWE) throw new XinlianError('TOO_LARGE', { what: 'JWE', limit: MAX_JWE, got: jwe.length });
  const parts = jwe.split('.');
  if (parts.length !== 5) malformed('JWE', 'five parts', `${parts.length} parts`);
  const [protectedHeader, encryptedKey, iv, text, tag] = parts as [string, string, string, string, string];
  if (encryptedKey !== '') malformed('JWE', 'no encrypted key (ECDH-ES)', 'one');
  const header = parseHeader(protectedHeader);
  const secret = await agreement.deriveBits(header.point);
  const plaintext = await openAesGcm(
    concatKdf(secret, header.apu, header.apv),
    fromBase64Url(iv, 12),
    utf8(protectedHeader),
    concat(fromBase64Url(text), fromBase64Url(tag, 16)),
    'JWE',
  );
  return { plaintext, ...(header.cty !== undefined && { contentType: header.cty }) };
}

function parseHeader(encoded: string): { point: Uint8Array; cty?: string; apu?: Uint8Array; apv?: Uint8Array } {
  const text = fromUtf8(fromBase64Url(encoded));
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    malformed('JWE header', 'JSON', text);
  }
  if (typeof header !== 'object' || header === null) malformed('JWE header', 'an object', text);
  const { alg, enc, epk, cty, apu, apv, crit, zip } = header as Record<string, unknown>;
  if (alg !== 'ECDH-ES' || enc !== 'A256GCM')
    malformed('JWE header', 'alg ECDH-ES and enc A256GCM', `${String(alg)}, ${String(enc)}`);
  if (crit !== undefined || zip !== undefined) malformed('JWE header', 'neither crit nor zip', text);
  const { kty, crv, x, y } = (epk ?? {}) as Record<string, unknown>;
  if (kty !== 'EC' || crv !== 'P-256' || typeof x !== 'string' || typeof y !== 'string')
    malformed('JWE epk', 'an EC key on P-256', JSON.stringify(epk));
  const point = concat(Uint8Array.of(4), fromBase64Url(x, 32), fromBase64Url(y, 32));
  try {
    p256.Point.fromBytes(point).assertValidity();
  } catch {
    malformed('JWE epk', 'a point of P-256', x);
  }
  return {
    point,
    ...(typeof cty === 'string' && { cty }),
    ...(typeof apu === 'string' && { apu: fromBase64Url(apu) }),
    ...(typeof apv === 'string' && { apv: fromBase64Url(apv) }),
  };
}

/** RFC 7518, section 4.6.2: one round gives the 256 bits of A256GCM. */
function concatKdf(
  secret: Uint8Array,
  apu: Uint8Array = new Uint8Array(),
  apv: Uint8Array = new Uint8Array(),
): Uint8Array {
  const algorithm = utf8('A256GCM');
  return sha256(
    concat(u32(1), secret, u32(algorithm.length), algorithm, u32(apu.length), apu, u32(apv.length), apv, u32(256)),
  );
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** @returns ciphertext with its 16-byte tag behind */
export async function sealAesGcm(
  key: Uint8Array,
  iv: Uint8Array,
  additional: Uint8Array,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  const handle = await importAes(key);
  const algorithm = { name: 'AES-GCM', iv: own(iv), additionalData: own(additional) };
  return new Uint8Array(await crypto.subtle.encrypt(algorithm, handle, own(plaintext)));
}

/** @throws SIGNATURE_INVALID where the tag does not fit */
export async function openAesGcm(
  key: Uint8Array,
  iv: Uint8Array,
  additional: Uint8Array,
  sealed: Uint8Array,
  what: string,
): Promise<Uint8Array> {
  const handle = await importAes(key);
  const algorithm = { name: 'AES-GCM', iv: own(iv), additionalData: own(additional) };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, handle, own(sealed)));
  } catch (cause) {
    throw new XinlianError('SIGNATURE_INVALID', { what, key: 'shared' }, { cause });
  }
}

function importAes(key: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', own(key), 'AES-GCM', false, ['encrypt', 'decrypt']);
}

/** WebCrypto's types want bytes over an unshared buffer; so do its implementations. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}

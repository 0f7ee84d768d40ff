// JWE (RFC 7516) in the one form that this project seals with: compact, ECDH-ES on P-256 (RFC 7518, section 4.6), A256GCM;
// A128CBC-HS256 too, for who has to make do with a shell.
//
// The private half stays with its key provider: it is asked for the shared secret only, as an HSM would be.
import { concat, fromBase64Url, fromUtf8, toBase64Url, utf8 } from './bytes.ts';
import { malformed, XinlianError } from './errors.ts';
import { assertP256Point } from './p256.ts';
import { decryptAesGcm, decryptCbcHmac, encryptAesGcm, encryptCbcHmac } from '#aead';
import { agreeEphemerally } from '#agreement';
import { sha256 } from '#sha256';

/** The recipient's side of the key agreement. */
export interface Agreement {
  /** x coordinate (32 bytes) of the shared point with a peer's P-256 point (33 or 65 bytes). */
  deriveBits(peer: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** As much as one frame between two nodes carries. */
const MAX_JWE = 4 << 20;

/** Content encryption (RFC 7518, section 5): what a JWE's `enc` may be. */
export const ENCRYPTIONS = ['A256GCM', 'A128CBC-HS256'] as const;
export type Encryption = (typeof ENCRYPTIONS)[number];

const IV_BYTES: Record<Encryption, number> = { A256GCM: 12, 'A128CBC-HS256': 16 };

/**
 * Seals to a P-256 public key.
 * @param recipient compressed or uncompressed point
 * @param contentType `cty`: what the plaintext is, e.g. JWT
 */
export async function sealJwe(
  plaintext: Uint8Array,
  recipient: Uint8Array,
  contentType?: string,
  enc: Encryption = 'A256GCM',
): Promise<string> {
  const { point, secret } = agreeEphemerally(recipient);
  const epk = { crv: 'P-256', kty: 'EC', x: toBase64Url(point.subarray(1, 33)), y: toBase64Url(point.subarray(33)) };
  const header = { alg: 'ECDH-ES', ...(contentType && { cty: contentType }), enc, epk };
  const protectedHeader = toBase64Url(utf8(JSON.stringify(header)));
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES[enc]));
  const encrypt = enc === 'A256GCM' ? encryptAesGcm : encryptCbcHmac;
  const sealed = await encrypt(concatKdf(secret, enc), iv, utf8(protectedHeader), plaintext);
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
  const { enc, point, apu, apv, cty } = parseHeader(protectedHeader);
  const key = concatKdf(await agreement.deriveBits(point), enc, apu, apv);
  const decrypt = enc === 'A256GCM' ? decryptAesGcm : decryptCbcHmac;
  const sealed = concat(fromBase64Url(text), fromBase64Url(tag, 16));
  const plaintext = await decrypt(key, fromBase64Url(iv, IV_BYTES[enc]), utf8(protectedHeader), sealed);
  if (!plaintext) throw new XinlianError('SIGNATURE_INVALID', { what: 'JWE', key: 'shared' });
  return { plaintext, ...(cty !== undefined && { contentType: cty }) };
}

interface Header {
  enc: Encryption;
  point: Uint8Array;
  cty?: string;
  apu?: Uint8Array;
  apv?: Uint8Array;
}

function parseHeader(encoded: string): Header {
  const text = fromUtf8(fromBase64Url(encoded));
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    malformed('JWE header', 'JSON', text);
  }
  if (typeof header !== 'object' || header === null) malformed('JWE header', 'an object', text);
  const { alg, enc, epk, cty, apu, apv, crit, zip } = header as Record<string, unknown>;
  if (alg !== 'ECDH-ES' || !isEncryption(enc))
    return malformed('JWE header', `alg ECDH-ES and enc ${ENCRYPTIONS.join(' or ')}`, `${String(alg)}, ${String(enc)}`);
  if (crit !== undefined || zip !== undefined) malformed('JWE header', 'neither crit nor zip', text);
  const { kty, crv, x, y } = (epk ?? {}) as Record<string, unknown>;
  if (kty !== 'EC' || crv !== 'P-256' || typeof x !== 'string' || typeof y !== 'string')
    malformed('JWE epk', 'an EC key on P-256', JSON.stringify(epk));
  const point = concat(Uint8Array.of(4), fromBase64Url(x, 32), fromBase64Url(y, 32));
  assertP256Point('JWE epk', point);
  return {
    enc,
    point,
    ...(typeof cty === 'string' && { cty }),
    ...(typeof apu === 'string' && { apu: fromBase64Url(apu) }),
    ...(typeof apv === 'string' && { apv: fromBase64Url(apv) }),
  };
}

function isEncryption(enc: unknown): enc is Encryption {
  return ENCRYPTIONS.some((known) => known === enc);
}

/** RFC 7518, section 4.6.2: one round gives the 256 bits that both encryptions want. */
function concatKdf(
  secret: Uint8Array,
  enc: Encryption,
  apu: Uint8Array = new Uint8Array(),
  apv: Uint8Array = new Uint8Array(),
): Uint8Array {
  const algorithm = utf8(enc);
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
  return encryptAesGcm(key, iv, additional, plaintext);
}

/** @throws SIGNATURE_INVALID where the tag does not fit */
export async function openAesGcm(
  key: Uint8Array,
  iv: Uint8Array,
  additional: Uint8Array,
  sealed: Uint8Array,
  what: string,
): Promise<Uint8Array> {
  const plaintext = await decryptAesGcm(key, iv, additional, sealed);
  if (!plaintext) throw new XinlianError('SIGNATURE_INVALID', { what, key: 'shared' });
  return plaintext;
}

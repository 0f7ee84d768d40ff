// AES-256-GCM and A128CBC-HS256 for browsers, and the reference for `aead.node.ts` ("#aead" in package.json).
import { sha256 } from '#sha256';
import { assertAes256Key } from './aes-key.ts';
import { concat, equalBytes, u64 } from './bytes.ts';

const CBC_TAG_BYTES = 16;

/** @returns ciphertext with its 16-byte tag behind */
export async function encryptAesGcm(
  key: Uint8Array,
  iv: Uint8Array,
  additional: Uint8Array,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  const handle = await importKey(key);
  return new Uint8Array(await crypto.subtle.encrypt(algorithm(iv, additional), handle, own(plaintext)));
}

/** @returns undefined where the tag does not fit */
export async function decryptAesGcm(
  key: Uint8Array,
  iv: Uint8Array,
  additional: Uint8Array,
  sealed: Uint8Array,
): Promise<Uint8Array | undefined> {
  const handle = await importKey(key);
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm(iv, additional), handle, own(sealed)));
  } catch {
    // WebCrypto tells nothing else: an OperationError is a tag that does not fit.
    return undefined;
  }
}

/**
 * A128CBC-HS256 (RFC 7518, section 5.2.3): what a shell has that has openssl and nothing else.
 * @param key 32 bytes: MAC key, then encryption key @param iv 16 bytes
 * @returns ciphertext with its 16-byte tag behind
 */
export async function encryptCbcHmac(
  key: Uint8Array,
  iv: Uint8Array,
  additional: Uint8Array,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  const handle = await crypto.subtle.importKey('raw', own(key.subarray(16)), 'AES-CBC', false, ['encrypt']);
  const text = await crypto.subtle.encrypt({ name: 'AES-CBC', iv: own(iv) }, handle, own(plaintext));
  return concat(new Uint8Array(text), await cbcTag(key, iv, additional, new Uint8Array(text)));
}

/** @returns undefined where the tag does not fit */
export async function decryptCbcHmac(
  key: Uint8Array,
  iv: Uint8Array,
  additional: Uint8Array,
  sealed: Uint8Array,
): Promise<Uint8Array | undefined> {
  const text = sealed.slice(0, -CBC_TAG_BYTES);
  // In constant time by comparing tags of the tags: whoever guesses learns nothing from how long it took.
  const tag = await cbcTag(key, iv, additional, text);
  if (!equalBytes(sha256(tag), sha256(sealed.subarray(-CBC_TAG_BYTES)))) return undefined;
  const handle = await crypto.subtle.importKey('raw', own(key.subarray(16)), 'AES-CBC', false, ['decrypt']);
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-CBC', iv: own(iv) }, handle, text));
  } catch {
    // Sealed by who has the key, but padded wrongly.
    return undefined;
  }
}

async function cbcTag(key: Uint8Array, iv: Uint8Array, additional: Uint8Array, text: Uint8Array): Promise<Uint8Array> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const handle = await crypto.subtle.importKey('raw', own(key.subarray(0, 16)), algorithm, false, ['sign']);
  const mac = await crypto.subtle.sign('HMAC', handle, own(concat(additional, iv, text, u64(additional.length * 8))));
  return new Uint8Array(mac).subarray(0, CBC_TAG_BYTES);
}

function algorithm(iv: Uint8Array, additional: Uint8Array) {
  return { name: 'AES-GCM', iv: own(iv), additionalData: own(additional) };
}

async function importKey(key: Uint8Array): Promise<CryptoKey> {
  assertAes256Key(key);
  return crypto.subtle.importKey('raw', own(key), 'AES-GCM', false, ['encrypt', 'decrypt']);
}

/** WebCrypto's types want bytes over an unshared buffer; so do its implementations. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}

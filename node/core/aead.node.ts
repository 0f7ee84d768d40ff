// AES-256-GCM and A128CBC-HS256 by OpenSSL, synchronous: WebCrypto's hop to another thread costs six times what the sealing
// of a kilobyte does.
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { assertAes256Key } from './aes-key.ts';
import { u64 } from './bytes.ts';

const TAG_BYTES = 16;

/** As in `aead.ts`. */
export function encryptAesGcm(
  key: Uint8Array,
  iv: Uint8Array,
  additional: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array | Promise<Uint8Array> {
  assertAes256Key(key);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(additional);
  const sealed = new Uint8Array(plaintext.length + TAG_BYTES);
  sealed.set(cipher.update(plaintext));
  cipher.final();
  sealed.set(cipher.getAuthTag(), plaintext.length);
  return sealed;
}

/** As in `aead.ts`. */
export function decryptAesGcm(
  key: Uint8Array,
  iv: Uint8Array,
  additional: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined | Promise<Uint8Array | undefined> {
  assertAes256Key(key);
  if (sealed.length < TAG_BYTES) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(additional);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const text = decipher.update(sealed.subarray(0, -TAG_BYTES));
  try {
    decipher.final();
  } catch {
    // Nothing else can fail there: the tag does not fit.
    return undefined;
  }
  return new Uint8Array(text.buffer, text.byteOffset, text.length);
}

/** As in `aead.ts`. */
export function encryptCbcHmac(
  key: Uint8Array,
  iv: Uint8Array,
  additional: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array | Promise<Uint8Array> {
  const cipher = createCipheriv('aes-128-cbc', key.subarray(16), iv);
  const text = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return new Uint8Array(Buffer.concat([text, cbcTag(key, iv, additional, text)]));
}

/** As in `aead.ts`. */
export function decryptCbcHmac(
  key: Uint8Array,
  iv: Uint8Array,
  additional: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined | Promise<Uint8Array | undefined> {
  if (sealed.length < TAG_BYTES) return undefined;
  const text = sealed.subarray(0, -TAG_BYTES);
  if (!timingSafeEqual(cbcTag(key, iv, additional, text), sealed.subarray(-TAG_BYTES))) return undefined;
  const decipher = createDecipheriv('aes-128-cbc', key.subarray(16), iv);
  try {
    return new Uint8Array(Buffer.concat([decipher.update(text), decipher.final()]));
  } catch {
    // Sealed by who has the key, but padded wrongly.
    return undefined;
  }
}

function cbcTag(key: Uint8Array, iv: Uint8Array, additional: Uint8Array, text: Uint8Array): Uint8Array {
  const mac = createHmac('sha256', key.subarray(0, 16)).update(additional).update(iv).update(text);
  return mac
    .update(u64(additional.length * 8))
    .digest()
    .subarray(0, TAG_BYTES);
}

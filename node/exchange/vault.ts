// The vault of a member: what its records say, sealed; every record under a key of its own.
//
// A record key is wrapped by the key of an epoch. Epoch keys are kept in a file of their own, wrapped by the member's
// key provider, and are in no backup of the records: to destroy a record key is to destroy what was never disclosed.
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { concat, fromUtf8, utf8 } from '../core/bytes.ts';
import type { ClaimValue } from '../core/disclosure.ts';
import { XinlianError } from '../core/errors.ts';
import { hkdfExpand } from '#hkdf';
import type { SealedVersion } from './ports.ts';

const KEY_BYTES = 32;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
export const SUBJECT_BYTES = 16;
const WRAP_IV = Buffer.from('A6A6A6A6A6A6A6A6', 'hex');
/** A key that seals one text only needs no nonce that differs. */
const ONE_NONCE = Buffer.alloc(NONCE_BYTES);

/** The keys of a vault in the clear: only ever in memory. */
export interface VaultKeys {
  /** Makes record ids and row digests; the same for the vault's life. */
  index: Uint8Array;
  /** Epoch keys by their number. The last is used for what is new. */
  epochs: ReadonlyMap<number, Uint8Array>;
}

export interface OpenedVersion {
  key: Uint8Array;
  claims: ClaimValue[];
  personal: Record<string, string>;
}

export class RecordVault {
  readonly #index: Uint8Array;
  // Node takes four times as long with a key in bytes as with a KeyObject: it tries that first.
  readonly #epochs: ReadonlyMap<number, KeyObject>;
  readonly #epoch: number;
  readonly #noteKey: Uint8Array;
  #random = Buffer.alloc(0);

  constructor(keys: VaultKeys) {
    if (keys.epochs.size === 0)
      throw new XinlianError('KEY_UNAVAILABLE', { key: 'vault epoch', reason: 'there is none' });
    this.#index = keys.index;
    this.#epochs = new Map(Array.from(keys.epochs, ([epoch, key]) => [epoch, createSecretKey(key)]));
    this.#epoch = Math.max(...keys.epochs.keys());
    this.#noteKey = hkdfExpand(keys.index, 'xinlian/answer/v1', KEY_BYTES);
  }

  /** A keyed digest that nobody without the vault can make: 32 bytes. Equal texts, and those alone, have equal digests. */
  digest(label: 'record-id' | 'row' | 'subject' | 'name' | 'number', text: string): Uint8Array {
    return hkdfExpand(this.#index, `${label}\0${text}`, KEY_BYTES);
  }

  /** What an enterprise's records and receipts are found by: 16 bytes that tell nobody without the vault who it is. */
  subjectKey(uscc: string): Uint8Array {
    return this.digest('subject', uscc).subarray(0, SUBJECT_BYTES);
  }

  /** @returns a new record key: 32 random bytes */
  newRecordKey(): Uint8Array {
    // Random bytes are drawn by the page: a call for 32 of them costs as much as one for 4,096.
    if (this.#random.length < KEY_BYTES) this.#random = randomBytes(4096);
    const key = Buffer.from(this.#random.subarray(0, KEY_BYTES));
    this.#random.fill(0, 0, KEY_BYTES);
    this.#random = this.#random.subarray(KEY_BYTES);
    return key;
  }

  /** @param claims JSON @param personal JSON, or empty where there is nothing about persons */
  seal(key: Uint8Array, claims: string, personal: string): SealedVersion {
    const { claimsKey, personalKey } = sealingKeys(key);
    return {
      key: this.wrap(key),
      claims: sealOnce(claimsKey, utf8(claims)),
      ...(personal !== '' && { personal: sealOnce(personalKey, utf8(personal)) }),
    };
  }

  /** Throws `STORE_CORRUPT` where a part does not open, `KEY_UNAVAILABLE` where its epoch is gone. */
  open(sealed: SealedVersion): OpenedVersion {
    const key = this.unwrap(sealed.key);
    const { claimsKey, personalKey } = sealingKeys(key);
    const claims = openOnce(claimsKey, sealed.claims);
    const personal = sealed.personal && openOnce(personalKey, sealed.personal);
    return {
      key,
      claims: JSON.parse(fromUtf8(claims)) as ClaimValue[],
      personal: personal ? (JSON.parse(fromUtf8(personal)) as Record<string, string>) : {},
    };
  }

  /**
   * Seals what is kept beside records: an answer to a chunk, which quotes what its sender wrote; the opening of a
   * receipt. `nonce || ciphertext || tag`.
   * @param place what it is of; another does not open it
   */
  sealNote(note: Uint8Array, place: string): Uint8Array {
    const nonce = randomBytes(NONCE_BYTES);
    return concat(nonce, gcmSeal(this.#noteKey, nonce, note, utf8(place)));
  }

  /** A secret that nobody without the vault can make: 32 bytes, the same for the same name. */
  noteSecret(name: string): Uint8Array {
    return hkdfExpand(this.#noteKey, `xinlian/attachment/v1\0${name}`, KEY_BYTES);
  }

  /** Throws `STORE_CORRUPT`. */
  openNote(sealed: Uint8Array, place: string): Uint8Array {
    const [nonce, text] = [sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES)];
    return gcmOpen(this.#noteKey, nonce, text, { what: 'sealed note', place: utf8(place) });
  }

  /** Wraps a key by that of the last epoch: `u32 epoch || AES-256 key wrap (RFC 3394)`, 44 bytes. */
  wrap(key: Uint8Array): Uint8Array {
    const cipher = createCipheriv('id-aes256-wrap', this.#epochKey(this.#epoch), WRAP_IV);
    const wrapped = Buffer.alloc(4 + KEY_BYTES + 8);
    wrapped.writeUInt32BE(this.#epoch);
    wrapped.set(cipher.update(key), 4);
    return wrapped;
  }

  /** Inverse of `wrap`. Throws `STORE_CORRUPT`, `KEY_UNAVAILABLE`. */
  unwrap(wrapped: Uint8Array): Uint8Array {
    const bytes = Buffer.from(wrapped.buffer, wrapped.byteOffset, wrapped.length);
    try {
      return createDecipheriv('id-aes256-wrap', this.#epochKey(bytes.readUInt32BE(0)), WRAP_IV).update(
        bytes.subarray(4),
      );
    } catch (cause) {
      if (XinlianError.is(cause)) throw cause;
      throw new XinlianError(
        'STORE_CORRUPT',
        { what: 'record key', wanted: 'one that its epoch key wrapped', got: 'another' },
        { cause },
      );
    }
  }

  #epochKey(epoch: number): KeyObject {
    const key = this.#epochs.get(epoch);
    if (!key)
      throw new XinlianError('KEY_UNAVAILABLE', { key: `vault epoch ${epoch}`, reason: 'destroyed, or never here' });
    return key;
  }
}

function sealingKeys(key: Uint8Array): { claimsKey: Uint8Array; personalKey: Uint8Array } {
  const keys = hkdfExpand(key, 'xinlian/seal/v1', 2 * KEY_BYTES);
  return { claimsKey: keys.subarray(0, KEY_BYTES), personalKey: keys.subarray(KEY_BYTES) };
}

function sealOnce(key: Uint8Array, text: Uint8Array): Uint8Array {
  return gcmSeal(key, ONE_NONCE, text);
}

function openOnce(key: Uint8Array, sealed: Uint8Array): Uint8Array {
  return gcmOpen(key, ONE_NONCE, sealed, { what: 'sealed claims' });
}

function gcmSeal(key: Uint8Array, nonce: Uint8Array, text: Uint8Array, place?: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(key), nonce);
  if (place) cipher.setAAD(place);
  const sealed = new Uint8Array(text.length + TAG_BYTES);
  sealed.set(cipher.update(text));
  cipher.final();
  sealed.set(cipher.getAuthTag(), text.length);
  return sealed;
}

function gcmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  { what, place }: { what: string; place?: Uint8Array },
): Uint8Array {
  try {
    const decipher = createDecipheriv('aes-256-gcm', createSecretKey(key), nonce, { authTagLength: TAG_BYTES });
    if (place) decipher.setAAD(place);
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const text = decipher.update(sealed.subarray(0, -TAG_BYTES));
    decipher.final();
    return text;
  } catch (cause) {
    throw new XinlianError('STORE_CORRUPT', { what, wanted: 'what its key sealed', got: 'other bytes' }, { cause });
  }
}

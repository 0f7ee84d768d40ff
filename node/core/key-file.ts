/**
 * The file in which keys rest: JSON.
 *
 *     { "type": "xinlian/keys/v1",
 *       "public": { "checkpoint": …, "transaction": "0x…", … },            for people and scripts
 *       "kdf": { "name": "scrypt", "N": 32768, "r": 8, "p": 1, "salt": … }, RFC 7914
 *       "cipher": { "name": "aes-256-gcm", "nonce": … },
 *       "sealed": … }                                                       ciphertext || 16-byte tag
 *
 * Bytes are base64url. All but `sealed` is the additional data of the cipher, so none of it can be changed.
 */
import { decryptAesGcm, encryptAesGcm } from '#aead';
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from './bytes.ts';
import { malformed, XinlianError } from './errors.ts';

const TYPE = 'xinlian/keys/v1';
const CIPHER = 'aes-256-gcm';
const TAG_LENGTH = 16;
/** What a planted file can make its reader spend is bounded: 1 GiB. */
const MAX_N = 2 ** 20;
const MIN_N = 2 ** 10;
const R = 8;
const P = 1;

interface KeyFile {
  type: typeof TYPE;
  public: Record<string, string>;
  kdf: { name: 'scrypt'; N: number; r: number; p: number; salt: string };
  cipher: { name: typeof CIPHER; nonce: string };
  sealed: string;
}

/** RFC 7914. @param passphrase NFKC @returns 32 bytes */
export type Scrypt = (
  passphrase: string,
  salt: Uint8Array,
  cost: { N: number; r: number; p: number },
) => Promise<Uint8Array>;

/**
 * The text of a key file.
 * @param secrets by name @param N cost of scrypt
 * @throws MALFORMED for an empty passphrase or another cost
 */
export async function sealKeys(
  given: { public: Record<string, string>; secrets: Record<string, Uint8Array>; passphrase: string; N: number },
  scrypt: Scrypt,
): Promise<string> {
  if (given.passphrase === '') malformed('passphrase', 'at least one character', 'none');
  checkCost(given.N);
  const random = (length: number): string => toBase64Url(crypto.getRandomValues(new Uint8Array(length)));
  const file = {
    type: TYPE,
    public: given.public,
    kdf: { name: 'scrypt', N: given.N, r: R, p: P, salt: random(16) },
    cipher: { name: CIPHER, nonce: random(12) },
  } satisfies Omit<KeyFile, 'sealed'>;
  const texts = Object.entries(given.secrets).map(([name, secret]) => [name, toBase64Url(secret)]);
  const plain = utf8(JSON.stringify(Object.fromEntries(texts)));
  const key = await keyOf(file.kdf, given.passphrase, scrypt);
  const sealed = await encryptAesGcm(key, fromBase64Url(file.cipher.nonce), additionalData(file), plain);
  return `${JSON.stringify({ ...file, sealed: toBase64Url(sealed) }, null, 2)}\n`;
}

/**
 * The secrets in the text of a key file, by name.
 * @throws MALFORMED for a text that is none; KEY_UNAVAILABLE for a wrong passphrase, or a file that was changed
 */
export async function unsealKeys(text: string, passphrase: string, scrypt: Scrypt): Promise<Map<string, Uint8Array>> {
  const file = parse(text);
  const key = await keyOf(file.kdf, passphrase, scrypt);
  const nonce = fromBase64Url(file.cipher.nonce);
  const plain = await decryptAesGcm(key, nonce, additionalData(file), fromBase64Url(file.sealed));
  if (!plain)
    throw new XinlianError('KEY_UNAVAILABLE', {
      key: 'key file',
      reason: 'the passphrase is wrong, or the file was changed',
    });
  const secrets = JSON.parse(fromUtf8(plain)) as Record<string, string>;
  return new Map(Object.entries(secrets).map(([name, secret]) => [name, fromBase64Url(secret, 32)]));
}

function parse(text: string): KeyFile {
  const file = parseJson(text) as Partial<KeyFile> | null;
  if (file?.type !== TYPE) malformed('type', TYPE, file?.type);
  const { public: publicKeys, kdf, cipher, sealed } = file;
  if (kdf?.name !== 'scrypt' || kdf.r !== R || kdf.p !== P)
    malformed('kdf', `scrypt with r ${R} and p ${P}`, kdf?.name);
  checkCost(kdf.N);
  if (cipher?.name !== CIPHER) malformed('cipher', CIPHER, cipher?.name);
  if (typeof publicKeys !== 'object' || publicKeys === null) malformed('public', 'an object', publicKeys);
  if (typeof kdf.salt !== 'string' || typeof cipher.nonce !== 'string' || typeof sealed !== 'string') {
    malformed('salt, nonce and sealed', 'base64url', 'something else');
  }
  fromBase64Url(kdf.salt, 16);
  fromBase64Url(cipher.nonce, 12);
  if (fromBase64Url(sealed).length <= TAG_LENGTH) malformed('sealed', `more than ${TAG_LENGTH} bytes`, sealed);
  return { type: TYPE, public: publicKeys, kdf, cipher, sealed };
}

function checkCost(N: unknown): void {
  const exponent = typeof N === 'number' ? Math.log2(N) : Number.NaN;
  if (!Number.isInteger(exponent) || exponent < Math.log2(MIN_N) || exponent > Math.log2(MAX_N)) {
    malformed('scrypt N', `a power of two from ${MIN_N} to ${MAX_N}`, N);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return malformed('key file', 'JSON', text.slice(0, 40));
  }
}

/** Normalised, since one passphrase can be typed in several Unicode forms. */
function keyOf({ salt, ...cost }: KeyFile['kdf'], passphrase: string, scrypt: Scrypt): Promise<Uint8Array> {
  return scrypt(passphrase.normalize('NFKC'), fromBase64Url(salt), cost);
}

function additionalData({ type, public: publicKeys, kdf, cipher }: Omit<KeyFile, 'sealed'>): Uint8Array {
  const names = Object.keys(publicKeys).sort();
  const parts = [type, names.map((name) => [name, publicKeys[name]]), kdf.name, kdf.N, kdf.r, kdf.p, kdf.salt];
  return utf8(JSON.stringify([...parts, cipher.name, cipher.nonce]));
}

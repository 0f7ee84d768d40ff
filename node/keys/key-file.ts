/**
 * The file in which a member's keys rest: JSON, mode 0600.
 *
 *     { "type": "xinlian/keys/v1",
 *       "public": { "checkpoint": …, "transaction": "0x…", … },            for people and scripts
 *       "kdf": { "name": "scrypt", "N": 32768, "r": 8, "p": 1, "salt": … }, RFC 7914
 *       "cipher": { "name": "aes-256-gcm", "nonce": … },
 *       "sealed": … }                                                       ciphertext || 16-byte tag
 *
 * Bytes are base64url. All but `sealed` is the additional data of the cipher, so none of it can be changed.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { open } from 'node:fs/promises';
import { platform } from 'node:os';
import { promisify } from 'node:util';
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../core/bytes.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import { createDurably } from './create-durably.ts';
import { generateSecrets, KEY_NAMES, localKeys, publicKeysOf } from './local-keys.ts';
import type { KeyName, KeySecrets, PublicKeys } from './local-keys.ts';
import type { Secret } from './secret.ts';

const TYPE = 'xinlian/keys/v1';
const CIPHER = 'aes-256-gcm';
const TAG_LENGTH = 16;
const MAX_FILE_LENGTH = 64 * 1024;
const DEFAULT_N = 2 ** 15;
/** What a planted file can make this process spend is bounded: 1 GiB. */
const MAX_N = 2 ** 20;
const MIN_N = 2 ** 10;
const R = 8;
const P = 1;

const deriveKey = promisify<string, Uint8Array, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(
  scrypt,
);

interface KeyFile {
  type: typeof TYPE;
  public: Record<string, string>;
  kdf: { name: 'scrypt'; N: number; r: number; p: number; salt: string };
  cipher: { name: typeof CIPHER; nonce: string };
  sealed: string;
}

export interface CreateKeyFileOptions {
  /** Derives every key from these bytes: for sandboxes and tests. Without it the keys are random. */
  seed?: Uint8Array;
  /** Cost of scrypt, a power of two from 2^10 to 2^20. Default: 2^15 (32 MiB, about 0.1 s) */
  scryptN?: number;
}

/**
 * Makes the keys of a member and writes them to a new file.
 *
 * @throws XinlianError `CONFLICT` where there is a file already: keys are never written over;
 *   `MALFORMED` for an empty passphrase or another `scryptN`
 */
export async function createKeyFile(
  path: string,
  passphrase: Secret,
  { seed, scryptN = DEFAULT_N }: CreateKeyFileOptions = {},
): Promise<PublicKeys> {
  return writeKeyFile(path, generateSecrets(seed), passphrase, scryptN);
}

/**
 * Writes a new file in which some keys of a member are new and all others the same.
 *
 * @throws XinlianError as `createKeyFile`
 */
export async function renewKeyFile(
  path: string,
  passphrase: Secret,
  { secrets, renew }: { secrets: KeySecrets; renew: readonly KeyName[] },
): Promise<PublicKeys> {
  const fresh = generateSecrets();
  const renewed = { ...secrets, ...Object.fromEntries(renew.map((name) => [name, fresh[name]])) };
  return writeKeyFile(path, renewed, passphrase, DEFAULT_N);
}

async function writeKeyFile(
  path: string,
  secrets: KeySecrets,
  passphrase: Secret,
  scryptN: number,
): Promise<PublicKeys> {
  if (passphrase.reveal() === '') malformed('passphrase', 'at least one character', 'none');
  checkCost(scryptN);
  const publicKeys = publicKeysOf(localKeys(secrets, () => {}));
  const file = {
    type: TYPE,
    public: Object.fromEntries(Object.entries(publicKeys).map(([name, key]) => [name, asText(key)])),
    kdf: { name: 'scrypt', N: scryptN, r: R, p: P, salt: toBase64Url(randomBytes(16)) },
    cipher: { name: CIPHER, nonce: toBase64Url(randomBytes(12)) },
  } satisfies Omit<KeyFile, 'sealed'>;
  const plain = utf8(JSON.stringify(Object.fromEntries(KEY_NAMES.map((name) => [name, toBase64Url(secrets[name])]))));
  const key = await keyOf(file.kdf, passphrase);
  const cipher = createCipheriv(CIPHER, key, fromBase64Url(file.cipher.nonce));
  cipher.setAAD(additionalData(file));
  const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  await createDurably(path, `${JSON.stringify({ ...file, sealed: toBase64Url(sealed) }, null, 2)}\n`);
  return publicKeys;
}

/**
 * The secrets of a key file.
 *
 * @throws XinlianError `KEY_UNAVAILABLE`: no such file, others may read it, wrong passphrase, or changed
 */
export async function openKeyFile(path: string, passphrase: Secret): Promise<KeySecrets> {
  const unavailable = (reason: string, cause?: unknown) =>
    new XinlianError('KEY_UNAVAILABLE', { key: path, reason }, { cause });
  const text = await readPrivately(path).catch((cause: unknown) => {
    throw XinlianError.is(cause, 'KEY_UNAVAILABLE') ? cause : unavailable(reasonOf(cause), cause);
  });
  let file: KeyFile;
  try {
    file = parse(text);
  } catch (cause) {
    throw unavailable(`not a key file: ${reasonOf(cause)}`, cause);
  }
  const sealed = fromBase64Url(file.sealed);
  const key = await keyOf(file.kdf, passphrase);
  const decipher = createDecipheriv(CIPHER, key, fromBase64Url(file.cipher.nonce));
  decipher.setAAD(additionalData(file));
  decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
  let plain: Uint8Array;
  try {
    plain = Buffer.concat([decipher.update(sealed.subarray(0, -TAG_LENGTH)), decipher.final()]);
  } catch (cause) {
    throw unavailable('the passphrase is wrong, or the file was changed', cause);
  }
  const secrets = JSON.parse(fromUtf8(plain)) as Record<string, string>;
  return Object.fromEntries(KEY_NAMES.map((name) => [name, fromBase64Url(secrets[name] ?? '', 32)])) as KeySecrets;
}

async function readPrivately(path: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const { mode, size } = await handle.stat();
    // Windows has no such bits: there the directory's access list is the guard.
    if (platform() !== 'win32' && (mode & 0o077) !== 0) {
      const reason = `others may use the file: wanted mode 600, got ${(mode & 0o777).toString(8)}`;
      throw new XinlianError('KEY_UNAVAILABLE', { key: path, reason });
    }
    if (size > MAX_FILE_LENGTH) malformed('key file', `at most ${MAX_FILE_LENGTH} bytes`, size);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

function parse(text: string): KeyFile {
  const file = JSON.parse(text) as Partial<KeyFile> | null;
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

/** Normalised, since one passphrase can be typed in several Unicode forms. */
function keyOf({ N, r, p, salt }: KeyFile['kdf'], passphrase: Secret): Promise<Buffer> {
  const options = { N, r, p, maxmem: 256 * N * r };
  return deriveKey(passphrase.reveal().normalize('NFKC'), fromBase64Url(salt), 32, options);
}

function additionalData({ type, public: publicKeys, kdf, cipher }: Omit<KeyFile, 'sealed'>): Uint8Array {
  const names = Object.keys(publicKeys).sort();
  const parts = [type, names.map((name) => [name, publicKeys[name]]), kdf.name, kdf.N, kdf.r, kdf.p, kdf.salt];
  return utf8(JSON.stringify([...parts, cipher.name, cipher.nonce]));
}

function asText(key: Uint8Array | string): string {
  return typeof key === 'string' ? key : toBase64Url(key);
}

/** Without the path, which the messages of the file system hold: a reason may travel further than its key. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'no such file';
  return XinlianError.is(error) || code === undefined ? error.message : `the file cannot be read: ${code}`;
}

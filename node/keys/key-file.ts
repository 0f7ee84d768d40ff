// The key file of a member on the disk, mode 0600; its form is in core/key-file.ts.
import { scrypt as nodeScrypt } from 'node:crypto';
import { open } from 'node:fs/promises';
import { platform } from 'node:os';
import { promisify } from 'node:util';
import { toBase64Url } from '../core/bytes.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import { sealKeys, unsealKeys, type Scrypt } from '../core/key-file.ts';
import { createDurably } from './create-durably.ts';
import { generateSecrets, KEY_NAMES, localKeys, publicKeysOf } from './local-keys.ts';
import type { KeyName, KeySecrets, PublicKeys } from './local-keys.ts';
import type { Secret } from './secret.ts';

const MAX_FILE_LENGTH = 64 * 1024;
const DEFAULT_N = 2 ** 15;
const KEY_LENGTH = 32;

const deriveKey = promisify<string, Uint8Array, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(
  nodeScrypt,
);
const scrypt: Scrypt = (passphrase, salt, { N, r, p }) =>
  deriveKey(passphrase, salt, KEY_LENGTH, { N, r, p, maxmem: 256 * N * r });

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
  const publicKeys = publicKeysOf(localKeys(secrets, () => {}));
  const shown = Object.fromEntries(Object.entries(publicKeys).map(([name, key]) => [name, asText(key)]));
  const given = { public: shown, secrets, passphrase: passphrase.reveal(), N: scryptN };
  await createDurably(path, await sealKeys(given, scrypt));
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
  try {
    const secrets = await unsealKeys(text, passphrase.reveal(), scrypt);
    return Object.fromEntries(KEY_NAMES.map((name) => [name, secrets.get(name) ?? missing(name)])) as KeySecrets;
  } catch (cause) {
    if (XinlianError.is(cause, 'KEY_UNAVAILABLE')) throw unavailable(cause.details.reason, cause);
    throw unavailable(`not a key file: ${reasonOf(cause)}`, cause);
  }
}

function missing(name: string): never {
  return malformed('key file', `the key ${name}`, 'none');
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

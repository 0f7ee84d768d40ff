// Where the settings say that keys are. A secret is in a file of its own, and never in the settings.
import { readFile } from 'node:fs/promises';
import type { KeysConfig } from '../config.ts';
import { fromBase64Url } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import { createFileProvider } from './file-provider.ts';
import type { KeyProvider } from './provider.ts';
import { createRemoteProvider } from './remote-provider.ts';
import { Secret } from './secret.ts';

/** @throws KEY_UNAVAILABLE */
export async function openKeys(config: KeysConfig): Promise<KeyProvider> {
  if (config.kind === 'remote') {
    return createRemoteProvider({ base: config.url, token: await readSecret(config.tokenFile) });
  }
  return createFileProvider({ directory: config.directory, passphrase: await readSecret(config.passphraseFile) });
}

/**
 * @returns the Ed25519 seed in the file, or a new one where there is no file
 * @throws KEY_UNAVAILABLE, MALFORMED
 */
export async function openTokenKey(file: string | undefined): Promise<Uint8Array> {
  if (file === undefined) return crypto.getRandomValues(new Uint8Array(32));
  return fromBase64Url((await readSecret(file)).reveal(), 32);
}

async function readSecret(file: string): Promise<Secret> {
  try {
    return new Secret((await readFile(file, 'utf8')).replace(/\r?\n$/, ''));
  } catch (cause) {
    const reason = 'the file of the secret cannot be read';
    throw new XinlianError('KEY_UNAVAILABLE', { key: file, reason }, { cause });
  }
}

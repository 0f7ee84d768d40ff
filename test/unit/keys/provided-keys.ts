// The alternates that the provider suite runs over.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileProvider, keyFileOf } from '../../../node/keys/file-provider.ts';
import { createKeyFile } from '../../../node/keys/key-file.ts';
import { createRemoteProvider } from '../../../node/keys/remote-provider.ts';
import { createRemoteServer } from '../../../node/keys/remote-server.ts';
import { Secret } from '../../../node/keys/secret.ts';
import { memberId } from './provider-suite.ts';
import type { ProvidedKeys } from './provider-suite.ts';

export const PASSPHRASE = new Secret('correct horse');
export const TOKEN = new Secret('token-1');
/** As cheap as the format allows. */
export const SCRYPT_N = 1024;

export async function temporaryDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'xinlian-keys-'));
  return { path, remove: () => rm(path, { recursive: true }) };
}

export async function fileKeys(): Promise<ProvidedKeys> {
  const directory = await temporaryDirectory();
  const make = (n: number) => createKeyFile(keyFileOf(directory.path, memberId(n)), PASSPHRASE, { scryptN: SCRYPT_N });
  return {
    provider: createFileProvider({ directory: directory.path, passphrase: PASSPHRASE }),
    publicKeys: [await make(1), await make(2)],
    end: () => directory.remove(),
  };
}

export async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

export async function remoteKeys(): Promise<ProvidedKeys & { base: string; server: Server }> {
  const { provider: behind, publicKeys, end } = await fileKeys();
  const log = { warn: () => {}, error: () => {} };
  const server = createRemoteServer({ token: TOKEN }, { provider: behind, log });
  const base = await listen(server);
  return {
    base,
    server,
    provider: createRemoteProvider({ base, token: TOKEN }),
    publicKeys,
    async end() {
      await close(server);
      await behind.close();
      await end();
    },
  };
}

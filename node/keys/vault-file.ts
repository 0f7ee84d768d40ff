// The keys of a member's vault: in a file of their own, wrapped by the member's key provider, apart from the records.
import { randomFillSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Type } from 'typebox';
import { fromBase64, fromUtf8, toBase64 } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import { codec } from '../core/messages/codec.ts';
import { createDurably } from './create-durably.ts';
import type { Vault } from './provider.ts';

const closed = { additionalProperties: false };

const file = codec(
  'vault key file',
  Type.Object(
    {
      index: Type.String(),
      epochs: Type.Record(Type.String({ pattern: '^[1-9][0-9]{0,8}$' }), Type.String(), closed),
    },
    closed,
  ),
);

export interface OpenedVault {
  index: Uint8Array;
  epochs: ReadonlyMap<number, Uint8Array>;
}

/**
 * Opens the keys, or makes them where there is no file yet.
 * @param inUse whether records are sealed under them already: then new ones would be of no use, and hide the loss
 * @throws MALFORMED where the file, or what the provider unwraps, is not what this wrote; KEY_UNAVAILABLE where it is lost
 */
export async function openVaultFile(path: string, vault: Vault, inUse: boolean): Promise<OpenedVault> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    if (inUse) throw new XinlianError('KEY_UNAVAILABLE', { key: `vault ${path}`, reason: 'the file is lost' });
    return createVaultFile(path, vault);
  }
  const { index, epochs } = file.decode(bytes);
  const opened = new Map<number, Uint8Array>();
  for (const [epoch, wrapped] of Object.entries(epochs))
    opened.set(Number(epoch), await vault.unwrap(fromBase64(wrapped, 40)));
  return { index: await vault.unwrap(fromBase64(index, 40)), epochs: opened };
}

async function createVaultFile(path: string, vault: Vault): Promise<OpenedVault> {
  const draw = () => randomFillSync(new Uint8Array(32));
  const [index, first] = [draw(), draw()];
  const wrapped = { index: toBase64(await vault.wrap(index)), epochs: { 1: toBase64(await vault.wrap(first)) } };
  await createDurably(path, fromUtf8(file.encode(wrapped)));
  return { index, epochs: new Map([[1, first]]) };
}

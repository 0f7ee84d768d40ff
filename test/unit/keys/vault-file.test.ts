import { expect } from 'chai';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { malformed } from '../../../node/core/errors.ts';
import { openVaultFile } from '../../../node/keys/vault-file.ts';
import type { Vault } from '../../../node/keys/provider.ts';
import { rejection } from '../../helpers/rejection.ts';
import { useTemporaryFolder } from '../../helpers/temporary-folder.ts';

/** Wraps so that it can be told from what it wraps. */
function paperVault(mark: number): Vault {
  return {
    wrap: async (key) => new Uint8Array([...key.map((byte) => byte ^ 0xff), ...new Uint8Array(8).fill(mark)]),
    unwrap: async (wrapped) => {
      if (wrapped[39] !== mark) malformed('wrapped key', 'one of this vault', wrapped[39]);
      return wrapped.slice(0, 32).map((byte) => byte ^ 0xff);
    },
  };
}

describe('Vault file', () => {
  const folder = useTemporaryFolder();
  const path = () => join(folder(), 'vault', 'member.json');

  it('is made once, and opened after that', async () => {
    const made = await openVaultFile(path(), paperVault(1), false);
    expect(made.index).to.have.length(32);
    expect([...made.epochs.keys()]).to.deep.equal([1]);
    expect(made.epochs.get(1)).to.not.deep.equal(made.index);
    expect(await openVaultFile(path(), paperVault(1), false)).to.deep.equal(made);
    expect(await openVaultFile(path(), paperVault(1), true)).to.deep.equal(made);
  });

  it('is for its owner alone, and has no key in clear', async () => {
    const { index, epochs } = await openVaultFile(path(), paperVault(1), false);
    expect((await stat(path())).mode & 0o777).to.equal(0o600);
    const text = await readFile(path(), 'utf8');
    for (const key of [index, epochs.get(1)!]) expect(text).to.not.include(Buffer.from(key).toString('base64'));
  });

  it('is not made anew where records are sealed under it', async () => {
    expect(await rejection(openVaultFile(path(), paperVault(1), true))).to.have.property('code', 'KEY_UNAVAILABLE');
    expect(await rejection(stat(path()))).to.have.property('code', 'ENOENT');
  });

  it('is refused where it is another’s, or damaged', async () => {
    await openVaultFile(path(), paperVault(1), false);
    expect(await rejection(openVaultFile(path(), paperVault(2), true))).to.have.property('code', 'MALFORMED');
    const good = JSON.parse(await readFile(path(), 'utf8')) as { index: string; epochs: Record<string, string> };
    for (const bad of [
      '',
      '{',
      '{}',
      { ...good, more: 1 },
      { ...good, epochs: { x: good.index } },
      { ...good, index: 'AA==' },
    ]) {
      await writeFile(path(), typeof bad === 'string' ? bad : JSON.stringify(bad));
      expect(await rejection(openVaultFile(path(), paperVault(1), true))).to.have.property('code', 'MALFORMED');
    }
  });
});

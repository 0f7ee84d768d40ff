import type { Command } from 'commander';
import { toBase64Url } from '../../../node/core/bytes.ts';
import { malformed } from '../../../node/core/errors.ts';
import { createKeyFile } from '../../../node/keys/key-file.ts';
import { addPassphraseFlag, readPassphrase } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

interface Flags {
  out: string;
  passphraseFile?: string;
}

export function addKeys(program: Command, terminal: Terminal): void {
  const keys = program
    .command('keys')
    .summary('make the keys of a member 生成成员密钥')
    .description('The keys of a member.\n成员密钥。');
  const create = keys
    .command('new')
    .summary('make all keys of a member, in one encrypted file 生成密钥文件')
    .description(
      'Makes the keys of a member, writes them to a new encrypted file, and prints their public parts as JSON for the ' +
        'council. A file that is there is never written over.\n生成加密密钥文件,并输出供理事会登记的公钥。',
    )
    .requiredOption('--out <file>', 'file to make');
  addPassphraseFlag(create).action(async ({ out, passphraseFile }: Flags) => {
    const passphrase = await readPassphrase(passphraseFile, terminal);
    const asked = passphraseFile === undefined && terminal.env['XINLIAN_PASSPHRASE'] === undefined;
    if (asked && !passphrase.matches((await terminal.ask?.('The same again: ')) ?? '')) {
      malformed('passphrase', 'the same twice', 'two that differ');
    }
    const publicKeys = await createKeyFile(out, passphrase);
    terminal.say(`${out}: keep it and its passphrase; neither can be had again`);
    terminal.out(JSON.stringify(publicKeys, (_, key: unknown) => (key instanceof Uint8Array ? toBase64Url(key) : key)));
  });
}

import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { signApplication } from '../../../node/core/application.ts';
import { toBase64Url } from '../../../node/core/bytes.ts';
import { malformed } from '../../../node/core/errors.ts';
import { parsePublicJwk } from '../../../node/core/jwk.ts';
import { createKeyFile } from '../../../node/keys/key-file.ts';
import { addMemberFlags, addPassphraseFlag, openMember, readPassphrase, type ConnectionFlags } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

interface Flags {
  out: string;
  passphraseFile?: string;
}

interface ApplicationFlags extends ConnectionFlags {
  name: string;
  scope: string;
  days: string;
}

const DAY_SECONDS = 86_400;

/** An application of the member gets a key of its own kind, which ends by itself. */
function addApplication(keys: Command, terminal: Terminal): void {
  const command = keys
    .command('certify')
    .summary('certify the key of an application of yours 为应用密钥签发证书')
    .description(
      'Signs a certificate for a public key (JWK: Ed25519, P-256 or RSA) with your `client` key. The application puts it ' +
        'in the header `app` of what it signs. Rotating the `client` key ends all of them.\n' +
        '为本单位应用的公钥签发证书;轮换 client 密钥即全部失效。',
    )
    .argument('<jwk>', 'file with the public key as JWK')
    .requiredOption('--name <name>', 'name of the application: letters, digits, . _ -')
    .option('--scope <scopes>', 'what it may ask of a gateway, divided by spaces', 'grants:check queries')
    .option('--days <days>', 'how long it is valid', '365');
  addMemberFlags(command).action(async (file: string, flags: ApplicationFlags) => {
    const { id, keys: own } = await openMember(flags, terminal);
    const jwk = parsePublicJwk(JSON.parse(await readFile(file, 'utf8')));
    const iat = Math.floor(Date.now() / 1000);
    const exp = iat + Number(flags.days) * DAY_SECONDS;
    terminal.out(await signApplication({ iss: id, sub: flags.name, iat, exp, scope: flags.scope, jwk }, own.client));
  });
}

export function addKeys(program: Command, terminal: Terminal): void {
  const keys = program
    .command('keys')
    .summary('make the keys of a member 生成成员密钥')
    .description('The keys of a member.\n成员密钥。');
  addApplication(keys, terminal);
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

import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { signApplication } from '../../../node/core/application.ts';
import { toBase64Url } from '../../../node/core/bytes.ts';
import { malformed } from '../../../node/core/errors.ts';
import { parsePublicJwk } from '../../../node/core/jwk.ts';
import { ROTATED_KEYS } from '../../../node/core/messages/member.ts';
import { createKeyFile, openKeyFile, renewKeyFile } from '../../../node/keys/key-file.ts';
import type { KeyName, PublicKeys } from '../../../node/keys/local-keys.ts';
import { addMemberFlags, addPassphraseFlag, openMember, readPassphrase, type ConnectionFlags } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

interface Flags {
  out: string;
  passphraseFile?: string;
}

interface RenewFlags {
  from: string;
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
    terminal.out(publicText(publicKeys));
  });
  addRenew(keys, terminal);
}

function addRenew(keys: Command, terminal: Terminal): void {
  const renew = keys
    .command('renew')
    .summary('make a key file in which some keys are new 更换部分密钥')
    .description(
      'Writes a new key file, under the same passphrase, in which the named keys are new and all others the same. The ' +
        'chain knows nothing of it before `xinlian member rotate-keys`.\n' +
        '生成新的密钥文件:所列密钥更换,其余不变,口令相同;须再用 `xinlian member rotate-keys` 登记上链。',
    )
    .argument('<keys...>', `what is new: ${ROTATED_KEYS.join(', ')}`)
    .requiredOption('--from <file>', 'key file as it is')
    .requiredOption('--out <file>', 'file to make');
  addPassphraseFlag(renew).action(async (named: string[], { from, out, passphraseFile }: RenewFlags) => {
    const renewed = named.map(keyNamed);
    const passphrase = await readPassphrase(passphraseFile, terminal);
    const secrets = await openKeyFile(from, passphrase);
    const publicKeys = await renewKeyFile(out, passphrase, { secrets, renew: renewed });
    terminal.say(`${out}: keep both files until everything runs with this one`);
    terminal.out(publicText(publicKeys));
  });
}

/** Throws `MALFORMED`. */
function keyNamed(text: string): KeyName {
  const name = ROTATED_KEYS.find((known) => known === text) ?? malformed('key', ROTATED_KEYS.join(', '), text);
  return name === 'account' ? 'transaction' : name;
}

function publicText(keys: PublicKeys): string {
  return JSON.stringify(keys, (_, key: unknown) => (key instanceof Uint8Array ? toBase64Url(key) : key));
}

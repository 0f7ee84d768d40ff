// Sets a production network up (docs/network.md):
//   network.ts key --out FILE                                   makes the key of a Besu node, prints its public part
//   network.ts write DESCRIPTION --to FOLDER [--contracts FILE] writes genesis, permissions and each member's settings
//   network.ts deploy DESCRIPTION --endpoint URL --keys FILE --passphrase-file FILE --out FILE
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { SigningKey } from 'ethers/crypto';
import type { ConsortiumContracts } from '../node/chain/events.ts';
import { XinlianError } from '../node/core/errors.ts';
import { memberIdOf } from '../node/core/ids.ts';
import { parseUscc } from '../node/core/uscc.ts';
import { openKeyFile } from '../node/keys/key-file.ts';
import { localKeys } from '../node/keys/local-keys.ts';
import { Secret } from '../node/keys/secret.ts';
import { validatorAddress } from './network/besu.ts';
import { deployNetwork } from './network/deploy.ts';
import { readDescription } from './network/description.ts';
import { networkFiles } from './network/files.ts';

const OPTIONS = ['out', 'to', 'contracts', 'endpoint', 'keys', 'passphrase-file'] as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(OPTIONS.map((name) => [name, { type: 'string' as const }])),
});
const [command = '', description = ''] = positionals;

function wanted(name: (typeof OPTIONS)[number]): string {
  const value = values[name];
  if (typeof value === 'string') return value;
  console.error(`${command}: --${name} is wanted`);
  return process.exit(2);
}

/** Written anew, never over what is there. */
async function writeSecret(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, text, { mode: 0o600, flag: 'wx' });
}

async function makeKey(): Promise<void> {
  const key = new SigningKey(randomBytes(32));
  await writeSecret(wanted('out'), key.privateKey);
  console.log(`0x${key.publicKey.slice(4)}`);
}

async function write(): Promise<void> {
  const network = readDescription(description);
  const { contracts } = values;
  const deployed =
    typeof contracts === 'string' ? (JSON.parse(await readFile(contracts, 'utf8')) as ConsortiumContracts) : undefined;
  const folder = wanted('to');
  const files = networkFiles(network, deployed);
  for (const [path, text] of files) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  console.error(`${files.size} files in ${folder}`);
  for (const member of network.members) {
    console.log(`${member.key}: member ${memberIdOf(parseUscc(member.uscc))}, seals as ${validatorAddress(member)}`);
  }
}

async function deploy(): Promise<void> {
  const network = readDescription(description);
  const passphrase = new Secret((await readFile(wanted('passphrase-file'), 'utf8')).replace(/\r?\n$/, ''));
  const { transaction } = localKeys(await openKeyFile(wanted('keys'), passphrase), () => undefined);
  const out = wanted('out');
  const contracts = await deployNetwork(network, { endpoint: wanted('endpoint'), signer: transaction });
  await writeFile(out, `${JSON.stringify(contracts, null, 2)}\n`, { flag: 'wx' });
  console.log(`${out}: every member needs this file`);
}

const commands: Record<string, () => Promise<void>> = { key: makeKey, write, deploy };
const run = commands[command];
if (!run || (command !== 'key' && description === '')) {
  console.error('key --out FILE, write DESCRIPTION --to FOLDER, or deploy DESCRIPTION …: see docs/network.md');
  process.exit(2);
}
try {
  await run();
} catch (error) {
  const faults = XinlianError.is(error, 'CONFIG_INVALID') ? error.details.faults : undefined;
  console.error(faults?.map(({ path, message }) => `${path}: ${message}`).join('\n') ?? String(error));
  process.exit(1);
}

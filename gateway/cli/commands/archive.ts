import { join } from 'node:path';
import type { Command } from 'commander';
import type { ArchivedMembers } from '../../../node/archive/format.ts';
import { makeVolume } from '../../../node/archive/make.ts';
import { restoreArchive } from '../../../node/archive/restore.ts';
import { verifyArchive, type ArchiveVerification } from '../../../node/archive/verify.ts';
import type { EntryProof } from '../../../node/core/bundle.ts';
import { malformed } from '../../../node/core/errors.ts';
import { parseLogId } from '../../../node/core/ids.ts';
import { httpSource } from '../../../node/log-sources.ts';
import { GRANT_PACKS } from '../../../node/policy/grant-rules.ts';
import { CATALOGUE_PACKS } from '../../../node/policy/pack.ts';
import { RULE_PACKS } from '../../../node/policy/rules.ts';
import { beijingTime } from '../../beijing-time.ts';
import { ApiError } from '../../client/api-error.ts';
import type { Client } from '../../client.ts';
import { wholeNumber } from '../audit/options.ts';
import { addMemberFlags, gatewayOf, openMember, type ConnectionFlags } from '../connection.ts';
import { itemsOf } from '../pages.ts';
import { createProgress } from '../progress.ts';
import type { Terminal } from '../terminal.ts';

interface MakeFlags extends ConnectionFlags {
  atLeast: string;
  from?: string;
}

interface VerifyFlags {
  key?: string[];
  json?: boolean;
}

/** Nothing is wrong, and there is nothing to archive yet. */
const NOTHING_NEW = 2;

export function addArchive(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const archive = program
    .command('archive')
    .summary('chained, signed volumes of a log, for decades 日志档案卷')
    .description(
      'Volumes that verify on their own: entries, checkpoint, anchor, keys, policy packs, and the format in words. No record ' +
        'and no key is in them.\n日志档案卷：逐卷相链、逐卷签名，可独立核验数十年；不含记录内容与密钥。',
    );
  addMake(archive, terminal, exit);
  addVerify(archive, terminal, exit);
  addRestore(archive, terminal);
}

function addMake(archive: Command, terminal: Terminal, exit: (code: number) => void): void {
  const command = archive
    .command('make')
    .summary('write the next volume of a log of your own 生成下一卷')
    .description(
      'Writes what came since the last volume, up to the last final anchor, to DIR/<log id>/volume-NNNNNN, signed by your ' +
        'checkpoint key. Run it each month, say.\n将上一卷之后、最近一次最终锚定之前的条目写成新的一卷。',
    )
    .argument('<log>', 'log id')
    .argument('<dir>', 'directory of archives')
    .option('--at-least <entries>', 'fewer make no volume', '1')
    .option('--from <template>', 'where the log is read, such as https://host/logs/{log}; default: over the gateway')
    .addHelpText('after', '\nExit code: 2 where there is nothing to archive yet.');
  addMemberFlags(command).action(async (text: string, directory: string, flags: MakeFlags) => {
    const log = parseLogId(text);
    const { id, client, keys } = await openMember(flags, terminal);
    const template = flags.from ?? `${gatewayOf(flags, terminal.env)}/v1/logs/{log}`;
    if (!/^https?:\/\/.*\{log\}/.test(template)) malformed('--from', 'http(s)://… with {log}', template);
    const progress = createProgress(1_000, terminal, 'entries');
    const place = join(directory, log);
    try {
      const made = await makeVolume(place, wholeNumber('--at-least', flags.atLeast, 1), {
        source: httpSource(template.replaceAll('{log}', log), terminal.fetch),
        proof: (position) => proofOf(client, log, id, position),
        members: () => membersOf(client),
        packs: packsByName(),
        key: keys.checkpoint,
        clock: Date,
        progress: (done, of) => progress.update((1_000 * done) / of, done),
        signal: terminal.signal,
      });
      progress.stop();
      if (!made) {
        terminal.say('nothing to archive yet 尚无可归档的条目');
        return exit(NOTHING_NEW);
      }
      terminal.out(`volume ${made.number}, entries ${made.from} to ${made.to - 1}, in ${place}`);
    } finally {
      progress.stop();
    }
  });
}

/** Undefined where there is no such entry yet. */
async function proofOf(client: Client, log: string, owner: string, position: number): Promise<EntryProof | undefined> {
  try {
    const proof = await client.getEntryProof({ params: { log, position: String(position) } });
    if (proof.signer.member !== owner) malformed('log', `one of ${owner}`, `one of ${proof.signer.member}`);
    return proof;
  } catch (error) {
    if (error instanceof ApiError && (error.code === 'NOT_FOUND' || error.code === 'CONFLICT')) return undefined;
    throw error;
  }
}

async function membersOf(client: Client): Promise<ArchivedMembers> {
  const members: ArchivedMembers = [];
  const pages = itemsOf((cursor) => client.listMembers({ query: { ...(cursor !== undefined && { cursor }) } }));
  for await (const { id, name, uscc } of pages) {
    const { history } = await client.getMember({ params: { member: id } });
    members.push({ id, name, uscc, checkpoint: history.checkpoint ?? [] });
  }
  return members;
}

function packsByName(): Record<string, unknown> {
  const packs = [...CATALOGUE_PACKS, ...GRANT_PACKS, ...RULE_PACKS] as { pack: string }[];
  return Object.fromEntries(packs.map((pack) => [pack.pack, pack]));
}

function addVerify(archive: Command, terminal: Terminal, exit: (code: number) => void): void {
  archive
    .command('verify')
    .summary('check every byte of every volume, offline 离线核验全部档案卷')
    .argument('<archive>', 'DIR/<log id>')
    .option('--key <keys...>', 'keys that may sign, base64url; default: those that the volumes say the owner had')
    .option('--json', 'one line of JSON')
    .addHelpText('after', '\nExit code: 0 every volume holds; 1 a file is wrong, and named.')
    .action(async (directory: string, flags: VerifyFlags) => {
      const verification = await verifyArchive(directory, flags.key && { keys: flags.key });
      for (const line of flags.json ? [JSON.stringify(verification)] : linesOf(verification)) terminal.out(line);
      exit(verification.faults.length === 0 ? 0 : 1);
    });
}

function linesOf({ origin, member, volumes, faults }: ArchiveVerification): string[] {
  return [
    `log ${origin ?? 'unknown'}, of member ${member ?? 'unknown'}`,
    ...volumes.map(
      ({ number, from, to, made, cosigned, block, key }) =>
        `✓ volume ${number}: entries ${from} to ${to - 1}, made ${beijingTime(made)}, signed by ${key}, ` +
        `cosigned by ${cosigned.length}, anchored in block ${block.number} (${block.hash})`,
    ),
    ...faults.map(({ volume, file, wanted, got }) => `✗ ${volume}/${file}: wanted ${wanted}, got ${got}`),
    'trusted: that these keys are the member’s, and that these blocks are part of the chain',
    faults.length === 0 ? 'holds 档案成立' : `BROKEN: ${faults.length} faults 档案有误`,
  ];
}

function addRestore(archive: Command, terminal: Terminal): void {
  archive
    .command('restore')
    .summary('write the log of an archive as plain files 由档案恢复日志')
    .description(
      'Verifies the archive, and writes OUT/<log id> as `xinlian logs export` does: any web server can serve it, `xinlian ' +
        'audit --mirror OUT` reads it, and `node scripts/restore-log.ts` takes it back into a node.\n' +
        '核验档案并写出与 logs export 相同的目录,可作镜像、可供审计,也可恢复到节点。',
    )
    .argument('<archive>', 'DIR/<log id>')
    .argument('<out>', 'directory of mirrors')
    .action(async (directory: string, out: string) => {
      const verification = await verifyArchive(directory);
      const { log } = parseOriginOf(verification);
      const size = await restoreArchive(directory, verification, join(out, log));
      terminal.out(`${size} entries of ${log} in ${join(out, log)}`);
    });
}

function parseOriginOf({ origin = '' }: ArchiveVerification): { log: string } {
  return { log: parseLogId(origin.split('/').at(-1) ?? '') };
}

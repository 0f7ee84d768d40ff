import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { parseBundle, upgradeBundle } from '../../../node/core/bundle.ts';
import { parseCheckpoint, parseOrigin } from '../../../node/core/checkpoint.ts';
import { malformed } from '../../../node/core/errors.ts';
import { parseNote } from '../../../node/core/note.ts';
import { verifyBundle } from '../../../node/core/verify-bundle.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { addMemberFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { fetchBundle } from '../fetch-bundle.ts';
import type { Terminal } from '../terminal.ts';

interface Flags extends ConnectionFlags {
  claims?: string;
  format?: string;
  upgrade?: string;
  out?: string;
}

/** Nothing is wrong, and the bundle is still pending. */
const PENDING = 2;

export function addBundle(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const command = program
    .command('bundle')
    .summary('a proof of a record, for anyone to verify offline 导出证明文件')
    .description(
      'Writes a proof bundle: the fields that you choose to show, and everything that proves them. With --upgrade, makes a ' +
        'pending bundle, of whatever kind, final.\n' +
        '导出记录的证明文件(可只披露所选字段),任何人可离线核验;--upgrade 将未上链的证明文件升级为已上链。',
    )
    .argument('[record]', 'record id')
    .option('--claims <names>', 'columns to show, divided by commas; default: all')
    .option('--format <format>', 'bundle, or tlog-proof (C2SP, text, with cosignatures)', 'bundle')
    .option('--upgrade <file>', 'bundle to put the newest proof into, in place of a record')
    .option('--out <file>', 'default: standard output; with --upgrade, the file itself')
    .addHelpText('after', '\nExit code: 2 where an upgraded bundle is still pending.');
  addMemberFlags(command).action(async (record: string | undefined, flags: Flags) => {
    if (flags.upgrade !== undefined) return exit(await upgrade(flags.upgrade, flags, terminal));
    if (record === undefined) return malformed('record', 'a record id, or --upgrade', 'nothing');
    const { format } = flags;
    if (format !== 'bundle' && format !== 'tlog-proof') malformed('--format', 'bundle or tlog-proof', format);
    const claims = flags.claims?.split(',').map((name) => name.trim());
    const request = {
      record,
      ...(claims && { claims }),
      ...(format === 'tlog-proof' && { format: 'tlog-proof' as const }),
    };
    return fetchBundle(request, flags, terminal);
  });
}

async function upgrade(file: string, flags: Flags, terminal: Terminal): Promise<number> {
  const bundle = parseBundle(await readFile(file, 'utf8'));
  const { log } = parseOrigin(parseCheckpoint(parseNote(bundle.checkpoint).text).origin);
  const { position } = bundle;
  const proof = await openClient(flags, terminal).getEntryProof({
    params: { log, position: String(position) },
    signal: terminal.signal,
  });
  const upgraded = upgradeBundle(bundle, proof);
  const { checks, state } = verifyBundle(upgraded, { names: (item, edition) => builtInCatalogue.names(item, edition) });
  const broken = checks.find(({ ok }) => !ok);
  if (broken) malformed('upgraded bundle', 'one that holds', `${broken.link}: ${broken.detail}`);
  const out = flags.out ?? file;
  await writeFile(out, `${JSON.stringify(upgraded)}\n`);
  const told = state === 'pending' ? 'still pending: no anchor over it is final yet 尚未上链' : 'anchored 已上链';
  terminal.say(`${out}: ${told}; status of the entry: ${upgraded.status.value ?? 'live'}`);
  return state === 'pending' ? PENDING : 0;
}

import type { Command } from 'commander';
import { addMemberFlags, type ConnectionFlags } from '../connection.ts';
import { fetchBundle } from '../fetch-bundle.ts';
import type { Terminal } from '../terminal.ts';

interface Flags extends ConnectionFlags {
  claims?: string;
  out?: string;
}

export function addBundle(program: Command, terminal: Terminal): void {
  const command = program
    .command('bundle')
    .summary('a proof of a record, for anyone to verify offline 导出证明文件')
    .description(
      'Writes a proof bundle: the fields that you choose to show, and everything that proves them.\n' +
        '导出记录的证明文件(可只披露所选字段),任何人可离线核验。',
    )
    .argument('<record>', 'record id')
    .option('--claims <names>', 'columns to show, divided by commas; default: all')
    .option('--out <file>', 'default: standard output');
  addMemberFlags(command).action((record: string, flags: Flags) => {
    const claims = flags.claims?.split(',').map((name) => name.trim());
    return fetchBundle({ record, ...(claims && { claims }) }, flags, terminal);
  });
}

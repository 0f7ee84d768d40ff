import type { Command } from 'commander';
import { addMemberFlags, type ConnectionFlags } from '../connection.ts';
import { fetchBundle } from '../fetch-bundle.ts';
import type { Terminal } from '../terminal.ts';

interface Flags extends ConnectionFlags {
  out?: string;
}

export function addReceipt(program: Command, terminal: Terminal): void {
  const command = program
    .command('receipt')
    .summary('a proof that a record was published, without its content 导出回执')
    .description(
      'Writes a receipt: the proof of a record that shows none of its fields.\n导出回执:证明该记录已入日志,不披露任何字段。',
    )
    .argument('<record>', 'record id')
    .option('--out <file>', 'default: standard output');
  addMemberFlags(command).action((record: string, flags: Flags) =>
    fetchBundle({ record, claims: [] }, flags, terminal),
  );
}

import type { Command } from 'commander';
import { addMemberFlags, openSealedClient, type ConnectionFlags } from '../connection.ts';
import { writeOpenings } from '../opening-file.ts';
import type { Terminal } from '../terminal.ts';

export function addReceipts(program: Command, terminal: Terminal): void {
  const command = program
    .command('receipts')
    .summary('what accesses and queries left in your own log 查询留痕')
    .description('Receipts of accesses, and notes of queries, in your own log.\n本单位日志中的访问回执与查询记录。');
  const exporting = command
    .command('export')
    .summary('write their openings, for an auditor 导出回执原文供审计')
    .description(
      'Writes the openings of all receipts and queries in your own log, for `xinlian audit --openings`. They name ' +
        'enterprises: hand them only to an auditor that is entitled to them.\n' +
        '导出本单位日志中全部访问回执与查询记录的原文,供审计核验。内含企业代码,仅可交有权审计人。',
    )
    .argument('<file>', 'a line of JSON each');
  addMemberFlags(exporting).action(async (file: string, flags: ConnectionFlags) => {
    const { sealed } = await openSealedClient(flags, terminal);
    const { count, size, log } = await writeOpenings(file, 'xinlian/openings/v1', (after: number | undefined) =>
      sealed.openings(after === undefined ? {} : { after }, terminal.signal),
    );
    terminal.out(`${count} openings of ${size} entries of ${log} in ${file} 已导出`);
  });
}

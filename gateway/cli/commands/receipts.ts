import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import type { OpeningsHead } from '../../../node/core/messages/opening.ts';
import { addMemberFlags, openSealedClient, type ConnectionFlags } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

/** Only its owner may read the file: it names enterprises. */
const OWN = 0o600;

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
    let page = await sealed.openings({}, terminal.signal);
    // The first page's: everything below it was there when the export began.
    const { log, size } = page;
    const head: OpeningsHead = { type: 'xinlian/openings/v1', log, size };
    const out = await open(file, 'w', OWN);
    let count = 0;
    try {
      await out.write(`${JSON.stringify(head)}\n`);
      for (;;) {
        const lines = page.openings.filter(({ position }) => position < size);
        count += lines.length;
        await out.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
        if (page.next === undefined || page.next >= size) break;
        page = await sealed.openings({ after: page.next }, terminal.signal);
      }
      await out.sync();
    } finally {
      await out.close();
    }
    terminal.out(`${count} openings of ${size} entries of ${log} in ${file} 已导出`);
  });
}

import type { Command } from 'commander';
import { addMemberFlags, openSealedClient, type ConnectionFlags } from '../connection.ts';
import { writeOpenings } from '../opening-file.ts';
import type { Terminal } from '../terminal.ts';

export function addRecords(program: Command, terminal: Terminal): void {
  const command = program
    .command('records')
    .summary('your own records, for an auditor 本单位记录')
    .description('What the records in your own log say of themselves.\n本单位日志中的记录。');
  const exporting = command
    .command('export')
    .summary('open when each was decided 导出决定日期供审计')
    .description(
      'Writes, for every record with a deadline of publication, the day of its decision, hidden under its salt like every ' +
        'claim, and nothing else of it: for `xinlian audit --records`.\n' +
        '导出有公示时限的每条记录的决定日期(其余字段不披露),供审计核验是否按时公示。',
    )
    .argument('<file>', 'a line of JSON each');
  addMemberFlags(exporting).action(async (file: string, flags: ConnectionFlags) => {
    const { sealed } = await openSealedClient(flags, terminal);
    const { count, size, log } = await writeOpenings(file, 'xinlian/record-openings/v1', (after: string | undefined) =>
      sealed.recordOpenings(after === undefined ? {} : { after }, terminal.signal),
    );
    terminal.out(`${count} records of ${size} entries of ${log} in ${file} 已导出`);
  });
}

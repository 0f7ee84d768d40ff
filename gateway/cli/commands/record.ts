import type { Command } from 'commander';
import type { RecordStatus } from '../../../node/core/messages/record.ts';
import { parseRecordId } from '../../../node/core/ids.ts';
import { addMemberFlags, openSealedClient, type ConnectionFlags } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

interface Flags extends ConnectionFlags {
  json?: boolean;
}

export function addRecord(program: Command, terminal: Terminal): void {
  const command = program
    .command('record')
    .summary('where a record stands, and why it is not final yet 查询记录状态')
    .description('Shows the versions of a record, and what it waits for.\n查询记录的各版本、上链状态及等待原因。')
    .argument('<record>', 'record id, as publishing gave it')
    .option('--json', 'one line of JSON');
  addMemberFlags(command).action(async (record: string, flags: Flags) => {
    const { sealed } = await openSealedClient(flags, terminal);
    const status = await sealed.recordStatus({ record: parseRecordId(record) }, terminal.signal);
    for (const line of flags.json ? [JSON.stringify(status)] : describe(status)) terminal.out(line);
  });
}

function describe({ record, item, edition, log, state, why, versions, checkpoint, anchor }: RecordStatus): string[] {
  return [
    `${record}: ${state}`,
    why,
    `${item}, ${edition}, in log ${log}`,
    ...versions.map(
      ({ version, kind, position, time, state, status }) =>
        `  version ${version}  ${kind} at position ${position}, ${new Date(time * 1000).toISOString()}  ${state}, ${status}`,
    ),
    ...(checkpoint ? [`checkpoint of ${checkpoint.size} entries, root ${checkpoint.root}`] : []),
    ...(anchor
      ? [`anchored in block ${anchor.block} (${anchor.confirmations} confirmations) by ${anchor.transaction}`]
      : []),
  ];
}

import type { Command } from 'commander';
import { addGatewayFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { itemsOf } from '../pages.ts';
import type { Terminal } from '../terminal.ts';

interface Flags extends ConnectionFlags {
  json?: boolean;
}

export function addLogs(program: Command, terminal: Terminal): void {
  const command = program
    .command('logs')
    .summary('the logs, and the checkpoints that anchor them 日志与检查点')
    .description('Lists every log with its last anchored checkpoint.\n列出各日志及其最近上链的检查点。')
    .option('--json', 'a line of JSON for each');
  addGatewayFlags(command).action(async (flags: Flags) => {
    const { listCheckpoints } = openClient(flags, terminal);
    const { signal } = terminal;
    const logs = itemsOf((cursor) => listCheckpoints({ query: { ...(cursor !== undefined && { cursor }) }, signal }));
    for await (const view of logs) {
      const { log, owner, closed, head, final } = view;
      const anchored = head ? `${head.size} entries anchored in block ${head.block}` : 'nothing anchored yet';
      const state = `${anchored}, ${final?.size ?? 0} final${closed ? ', closed' : ''}`;
      terminal.out(flags.json ? JSON.stringify(view) : `${log}  of ${owner}  ${state}`);
    }
  });
}

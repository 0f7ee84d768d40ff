import { join } from 'node:path';
import type { Command } from 'commander';
import { malformed } from '../../../node/core/errors.ts';
import { parseLogId } from '../../../node/core/ids.ts';
import { exportLog } from '../../../node/log-export.ts';
import { httpSource } from '../../../node/log-sources.ts';
import { addGatewayFlags, gatewayOf, openClient, type ConnectionFlags } from '../connection.ts';
import { itemsOf } from '../pages.ts';
import { createProgress } from '../progress.ts';
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
  addExport(command, terminal);
}

interface ExportFlags extends ConnectionFlags {
  from?: string;
}

function addExport(logs: Command, terminal: Terminal): void {
  const command = logs
    .command('export')
    .summary('copy a whole log into a directory 导出整个日志')
    .description(
      'Copies a log into DIR/<log id>, in the layout of C2SP tlog-tiles: plain files that any web server can serve and ' +
        '`xinlian audit --mirror DIR` reads. Goes on where it was broken off.\n' +
        '将整个日志按 C2SP tlog-tiles 布局导出为普通文件,可续传,可作镜像审计。',
    )
    .argument('<log>', 'log id')
    .argument('<dir>', 'directory of mirrors')
    .option('--from <template>', 'where it is read, such as https://host/logs/{log}; default: over the gateway');
  addGatewayFlags(command).action(async (text: string, directory: string, _own: ExportFlags, self: Command) => {
    const log = parseLogId(text);
    const flags = self.optsWithGlobals<ExportFlags>();
    const template = flags.from ?? `${gatewayOf(flags, terminal.env)}/v1/logs/{log}`;
    if (!/^https?:\/\/.*\{log\}/.test(template)) malformed('--from', 'http(s)://… with {log}', template);
    const source = httpSource(template.replaceAll('{log}', log), terminal.fetch);
    const progress = createProgress(1_000, terminal, 'entries');
    try {
      const { size } = await exportLog(source, join(directory, log), {
        progress: (done, of) => progress.update((1_000 * done) / of, done),
        signal: terminal.signal,
      });
      progress.stop();
      terminal.out(`${size} entries of ${log} in ${join(directory, log)}`);
    } catch (error) {
      progress.stop();
      throw error;
    }
  });
}

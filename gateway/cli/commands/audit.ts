import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { AuditProgress } from '../../../node/audit/audit.ts';
import { RULES } from '../../../node/audit/rules.ts';
import { AuditMetrics, serveMetrics } from '../../../node/audit-metrics.ts';
import type { Alert, Round } from '../../../node/audit-monitor.ts';
import { followAudit, runAudit } from '../../../node/auditor.ts';
import { malformed } from '../../../node/core/errors.ts';
import { htmlOf } from '../audit/html.ts';
import { optionsOf, type AuditFlags } from '../audit/options.ts';
import { exitCodeOf, jsonOf, linesOf } from '../audit/summary.ts';
import { createProgress } from '../progress.ts';
import { addQuestions } from './audit-questions.ts';
import type { Terminal } from '../terminal.ts';

/** The chain is a fifth of the bar, the logs the rest: how many entries there are is known when the chain was read. */
const BAR = 1_000;
const CHAIN_SHARE = 200;

export function addAudit(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const command = program
    .command('audit')
    .summary('replay chain and logs, and find every lie 审计:重放全链与全部日志')
    .description(
      'Replays the chain from its first block, rebuilds members and logs, reads every log, and checks every block, ' +
        'signature, root and entry. Nobody is trusted.\n自首个区块重放全链,逐一核验成员、日志、签名、根与条目,不信任任何一方。',
    )
    .option('--rpc <urls...>', 'JSON-RPC of the chain, the preferred first')
    .option('--chain <file>', 'a chain that --record wrote, in place of --rpc')
    .option('--record <file>', 'write every block that is read, for an audit without the chain later')
    .option(
      '--contracts <file>',
      'JSON or YAML: chainId, membership, logAnchor, grantRegistry, recognitionRegistry, deployment, block; also endpoints, finality',
    )
    .option('--logs <template>', 'where logs are read, such as https://host/v1/logs/{log}; default: as the chain says')
    .option('--mirror <dir>', 'read logs from this directory: DIR/<log id>/checkpoint, tile/…')
    .option('--witnesses', 'ask every member what it saw of each log as a witness, and what it refused')
    .option('--also <templates...>', 'more places like --logs: what they show is compared, to find a split view')
    .option('--openings <files...>', 'what members handed over by `xinlian receipts export`: accesses are judged too')
    .option(
      '--answers <files...>',
      'what banks kept by `xinlian open --signed`: compared with the receipts of --openings',
    )
    .option('--records <files...>', 'what agencies opened by `xinlian records export`: late publication is judged too')
    .option('--block <number>', 'the last block; default: the last final one')
    .option('--block-hash <hash>', 'hash of that block, as you know it')
    .option(
      '--depth <blocks>',
      'blocks that make one final; default: as the file says, else the engine’s tag "finalized"',
    )
    .option(
      '--consensus <kind>',
      'clique or qbft: verify that every block was sealed by those entitled to, with --sealers',
    )
    .option('--sealers <addresses...>', 'who seals the block behind --sealed-from')
    .option('--sealed-from <block>', 'block that is trusted; default: the one before the contracts')
    .option('--state <file>', 'go on from this file, and keep there what to go on from')
    .option('--html <file>', 'write a report')
    .option('--json', 'one line of JSON')
    .option('--follow', 'go on for ever, and write an alert for each thing that is found: a line of JSON')
    .option('--every <seconds>', 'between the rounds of --follow', '5')
    .option('--stall <seconds>', 'without a block: what is done in the next one is flagged', '120')
    .option('--evidence <dir>', 'keep there what proves each finding of --follow')
    .option('--metrics <host:port>', 'serve what --follow counts, for Prometheus')
    .addHelpText(
      'after',
      '\nExit code: 0 clean; 1 anomalies; 2 no anomaly, but not everything could be read. `xinlian audit rules` lists the rules.',
    )
    .action(async (flags: AuditFlags) => {
      if (flags.follow) return follow(flags, terminal, exit);
      const progress = createProgress(BAR, terminal, 'entries');
      const { fetch, signal } = terminal;
      try {
        const result = await runAudit(optionsOf(flags), {
          fetch,
          signal,
          progress: (done) => progress.update(shareOf(done), done.entries.done),
        });
        progress.stop();
        if (flags.html !== undefined) await writeFile(flags.html, htmlOf(result, new Date()));
        for (const line of flags.json ? [JSON.stringify(jsonOf(result))] : linesOf(result)) terminal.out(line);
        exit(exitCodeOf(result));
      } catch (error) {
        progress.stop();
        exit(2);
        throw error;
      }
    });
  addQuestions(command, terminal, exit);
  command
    .command('rules')
    .summary('what an audit finds 审计规则')
    .description('Lists the rules of an audit.\n列出审计规则。')
    .option('--json', 'a line of JSON for each')
    .action((_own: object, self: Command) => {
      // --json stands on both commands, and the outer one takes it.
      const { json } = self.optsWithGlobals<AuditFlags>();
      for (const rule of RULES) {
        const { id, version, severity, evidence, zh, en } = rule;
        terminal.out(
          json
            ? JSON.stringify(rule)
            : `${`${id}@${version}`.padEnd(28)} ${severity.padEnd(12)} ${evidence.padEnd(6)} ${zh}\n${' '.repeat(49)}${en}`,
        );
      }
    });
}

/** Until it is stopped: exit code 0, or 1 where something was found. */
async function follow(flags: AuditFlags, terminal: Terminal, exit: (code: number) => void): Promise<void> {
  const { every = '5', stall = '120', evidence, metrics: address } = flags;
  const { fetch, signal } = terminal;
  const metrics = new AuditMetrics();
  let served: Awaited<ReturnType<typeof serveMetrics>> | undefined;
  try {
    const options = optionsOf(flags);
    for (const name of ['block', 'chain', 'record', 'html', 'json'] as const)
      if (flags[name] !== undefined) malformed(`--${name}`, 'no --follow beside it', '--follow');
    const everyMs = 1_000 * seconds('--every', every);
    const stallSeconds = seconds('--stall', stall);
    served = address === undefined ? undefined : await serveMetrics(metrics, address);
    if (served) terminal.say(`metrics at ${served.url}`);
    const tell = (alert: Alert): void => {
      metrics.alert(alert);
      terminal.out(JSON.stringify(alert));
    };
    const done = (round: Round): void => metrics.round(round);
    const last = await followAudit(options, { everyMs, stallSeconds, evidence }, { fetch, signal, tell, done });
    exit(last && last.findings.length > 0 ? 1 : 0);
  } catch (error) {
    exit(2);
    throw error;
  } finally {
    await served?.stop();
  }
}

function seconds(flag: string, text: string): number {
  const value = Number(text);
  return value > 0 && Number.isFinite(value) ? value : malformed(flag, 'seconds, more than 0', text);
}

function shareOf({ blocks, entries }: AuditProgress): number {
  const part = ({ done, of }: { done: number; of: number }): number => (of === 0 ? 0 : Math.min(1, done / of));
  return Math.floor(CHAIN_SHARE * part(blocks) + (BAR - CHAIN_SHARE) * part(entries));
}

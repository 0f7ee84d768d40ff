import { open } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { XinlianError } from '../../../node/core/errors.ts';
import type { RecordState, RecordStatus } from '../../../node/core/messages/record.ts';
import { builtInCatalogue, type CatalogueItem } from '../../../node/policy/pack.ts';
import type { SealedClient } from '../../client/sealed.ts';
import { addMemberFlags, openSealedClient, type ConnectionFlags } from '../connection.ts';
import { CsvRows } from '../csv-rows.ts';
import { ENCODINGS, inspectFile, textOf, type Encoding } from '../file-facts.ts';
import { NdjsonRows } from '../ndjson-rows.ts';
import { createProgress } from '../progress.ts';
import { publishFile, type LineOutcome, type Published } from '../publish-file.ts';
import { describeIssue, issuesOf, ReportFile, type Issue } from '../report.ts';
import type { Terminal } from '../terminal.ts';
import { TextFile } from '../text-file.ts';
import { until } from '../until.ts';

interface Flags extends ConnectionFlags {
  item?: string;
  format?: 'csv' | 'ndjson';
  encoding?: Encoding;
  dryRun?: boolean;
  report?: string;
  outcomes?: string;
  json?: boolean;
  wait: boolean;
}

/** Gateway and node may be restarted meanwhile. */
const PATIENCE_MS = 120_000;
const FINAL_WITHIN_MS = 60_000;
const FINAL_EVERY_MS = 250;
const MOST_SHOWN = 50;
const MOST_IN_JSON = 1_000;

export function addPublish(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const items = builtInCatalogue.items().map(({ short, zh }) => `${short} ${zh}`);
  const command = program
    .command('publish')
    .summary('publish the rows of a file 发布双公示数据文件')
    .description(
      'Publishes the rows of a 双公示 file, sealed to your own node: the gateway carries them and can read nothing. ' +
        'Good rows go on whatever the bad ones do. The same command again goes on where it was interrupted.\n' +
        '发布双公示数据文件:全程加密至本单位节点,合格行照常发布,不合格行逐一说明;中断后重新执行即可续传。',
    )
    .argument('<file>', 'CSV with a header row, or NDJSON')
    .option('--item <code>', `what the rows are: ${items.join(', ')}; default: told from the columns`)
    .addOption(new Option('--format <format>', 'default: by the ending of the file').choices(['csv', 'ndjson']))
    .addOption(new Option('--encoding <encoding>', 'default: told from the bytes').choices([...ENCODINGS]))
    .option('--dry-run', 'check every row, and publish none')
    .option('--report <file>', 'write every fault to a .csv (for Excel) or .json file')
    .option('--outcomes <file>', 'write the outcome of every row as NDJSON')
    .option('--json', 'end with one line of JSON')
    .option('--no-wait', 'do not wait until the records are final')
    .addHelpText('after', '\nExit code: 0 all rows were taken; 2 some were rejected, the others published; 1 failure.');
  addMemberFlags(command).action(async (file: string, flags: Flags) => exit(await publish(file, flags, terminal)));
}

async function publish(path: string, flags: Flags, terminal: Terminal): Promise<number> {
  const file = await open(path);
  try {
    const { member, sealed } = await openSealedClient(flags, terminal, PATIENCE_MS);
    const facts = await inspectFile(file, flags.encoding);
    const tally = new Tally(flags);
    const progress = createProgress(facts.bytes, terminal);
    const reader = new (formatOf(path, flags) === 'csv' ? CsvRows : NdjsonRows)({
      catalogue: builtInCatalogue,
      item: flags.item,
      suspect: facts.suspect,
    });
    try {
      const events = {
        opened: (item: CatalogueItem, resumed: number): void => {
          tally.item = item;
          if (resumed > 0) terminal.say(`goes on where it stopped: ${resumed} chunks were taken before`);
          if (reader.ignored.length > 0) terminal.say(`columns that are not sent: ${reader.ignored.join(', ')}`);
        },
        taken: (outcomes: readonly LineOutcome[], { rows }: { rows: number }, bytesRead: number): void => {
          tally.take(outcomes);
          progress.update(bytesRead, rows);
        },
      };
      const options = { member, digest: facts.digest, dryRun: flags.dryRun === true, signal: terminal.signal };
      const published = await publishFile(textOf(file, facts), reader, options, { submitter: sealed, events });
      progress.update(facts.bytes, published.counts.rows);
      progress.stop();
      const status = flags.wait && !options.dryRun ? await waitUntilFinal(sealed, tally, terminal) : undefined;
      show(path, published, tally, status, flags, terminal);
      return published.counts.rejected > 0 ? 2 : 0;
    } finally {
      progress.stop();
      tally.close();
    }
  } finally {
    await file.close();
  }
}

function formatOf(path: string, { format }: Flags): 'csv' | 'ndjson' {
  return format ?? (/\.(?:ndjson|jsonl)$/i.test(path) ? 'ndjson' : 'csv');
}

/** What is kept of the outcomes: files get all of it, memory only the first faults. */
class Tally {
  readonly #report: ReportFile | undefined;
  readonly #outcomes: TextFile | undefined;
  readonly issues: Issue[] = [];
  issuesLeftOut = 0;
  warnings = 0;
  item: CatalogueItem | undefined;
  /** The row that stands last in the log. */
  last: LineOutcome | undefined;

  constructor({ report, outcomes }: Flags) {
    this.#report = report === undefined ? undefined : new ReportFile(report);
    this.#outcomes = outcomes === undefined ? undefined : new TextFile(outcomes);
  }

  take(outcomes: readonly LineOutcome[]): void {
    for (const outcome of outcomes) {
      this.#outcomes?.write(`${JSON.stringify(outcome)}\n`);
      if ((outcome.position ?? -1) > (this.last?.position ?? -1)) this.last = outcome;
      if (this.item && (outcome.faults || outcome.warnings)) this.#takeIssues(issuesOf(outcome, this.item));
    }
  }

  close(): void {
    this.#report?.close();
    this.#outcomes?.close();
  }

  #takeIssues(issues: readonly Issue[]): void {
    for (const issue of issues) {
      this.#report?.add(issue);
      if (issue.kind === 'warning') this.warnings++;
      else if (this.issues.length < MOST_IN_JSON) this.issues.push(issue);
      else this.issuesLeftOut++;
    }
  }
}

/** Positions grow, and a checkpoint covers all below its size: when the last is final, all are. */
async function waitUntilFinal(
  sealed: SealedClient,
  { last }: Tally,
  terminal: Terminal,
): Promise<RecordStatus | undefined> {
  const { record, version } = last ?? {};
  if (record === undefined) return undefined;
  let told: RecordState | undefined;
  return until(
    () => sealed.recordStatus({ record, ...(version !== undefined && { version }) }, terminal.signal),
    ({ state }) => {
      if (state !== told) terminal.say(STATES[state]);
      told = state;
      return state === 'final';
    },
    { withinMs: FINAL_WITHIN_MS, everyMs: FINAL_EVERY_MS, signal: terminal.signal },
  ).catch((error: unknown) => {
    // The rows are published and durable whatever becomes of the question.
    if (XinlianError.is(error) || error instanceof Error) terminal.say(`their state is not known: ${error.message}`);
    return undefined;
  });
}

const STATES: Record<RecordState, string> = {
  accepted: 'accepted: durable at your node 已受理',
  logged: 'logged: under a signed checkpoint 已入日志',
  anchored: 'anchored: on the chain 已上链',
  final: 'final: for good 已终局',
};

function show(
  path: string,
  { submission, item, counts }: Published,
  { issues, issuesLeftOut, warnings }: Tally,
  status: RecordStatus | undefined,
  { json, dryRun = false, report }: Flags,
  terminal: Terminal,
): void {
  const out = (line: string): void => terminal.out(line);
  const { rows, published, corrected, unchanged, rejected } = counts;
  out(
    `${path}: ${rows} rows of ${item.en.toLowerCase()} ${item.zh}${dryRun ? ', dry run: nothing was published' : ''}`,
  );
  const table = [
    ['published', '已发布', published],
    ['corrected', '已更正', corrected],
    ['unchanged', '无变化', unchanged],
    ['rejected ', '已退回', rejected],
  ] as const;
  for (const [en, zh, count] of table) out(`  ${en}  ${zh}  ${String(count).padStart(9)}`);
  if (warnings > 0) out(`  warnings   提示    ${String(warnings).padStart(9)}`);
  for (const issue of issues.slice(0, MOST_SHOWN)) out(describeIssue(issue));
  const hidden = issues.length + issuesLeftOut - MOST_SHOWN;
  if (hidden > 0) out(`… and ${hidden} more${report === undefined ? ': --report FILE has all of them' : ''}`);
  if (report !== undefined) out(`report: ${report}`);
  if (status) out(status.state === 'final' ? 'all of it is final 全部已终局' : status.why);
  if (json !== true) return;
  const told = { item: item.item, submission, dryRun, ...counts, warnings, ...(status && { state: status.state }) };
  out(JSON.stringify({ ok: rejected === 0, ...told, faults: issues, faultsLeftOut: issuesLeftOut }));
}

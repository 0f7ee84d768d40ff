import { Option, type Command } from 'commander';
import { XinlianError } from '../../../node/core/errors.ts';
import type { Counts } from '../../../node/core/messages/publish.ts';
import type { RecordState, RecordStatus } from '../../../node/core/messages/record.ts';
import { builtInCatalogue, type CatalogueItem } from '../../../node/policy/pack.ts';
import type { SealedClient } from '../../client/sealed.ts';
import { addMemberFlags, headingsFile, openSealedClient, type ConnectionFlags } from '../connection.ts';
import { ENCODINGS, type Encoding } from '../file-facts.ts';
import { LayoutFile } from '../layout-file.ts';
import { createProgress } from '../progress.ts';
import { publishFile, type LineOutcome, type Published } from '../publish-file.ts';
import { describeRemark } from '../remarks.ts';
import { describeIssue } from '../report.ts';
import { FORMATS, openSource, type Format, type SourceFile } from '../source-file.ts';
import { Tally } from '../tally.ts';
import type { Terminal } from '../terminal.ts';
import { until } from '../until.ts';

interface Flags extends ConnectionFlags {
  item?: string;
  format?: Format;
  encoding?: Encoding;
  map?: string;
  mask?: boolean;
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
    .argument('<file>', 'a workbook (.xlsx, .xls, .et), CSV, or NDJSON')
    .option('--item <code>', `what the rows are: ${items.join(', ')}; default: told from the columns`)
    .addOption(
      new Option(
        '--format <format>',
        'of a text file; default: by its ending. What is no text is told from its bytes',
      ).choices([...FORMATS]),
    )
    .addOption(new Option('--encoding <encoding>', 'default: told from the bytes').choices([...ENCODINGS]))
    .option(
      '--map <file>',
      'what headings of your own stand for (JSON); a file that is not there is written, to be looked over. ' +
        'It is remembered beside the profile 自有表头对照表,确认一次后自动沿用',
    )
    .option('--mask', 'mask identity and phone numbers in free text before a row is sent 遮盖自由文本中的个人号码')
    .option('--dry-run', 'check every row, and publish none')
    .option(
      '--report <file>',
      'write every fault to a .csv or .json file, or to an .xlsx file: the workbook that was sent, with the cells marked ' +
        'that are to be mended, and a .json file beside it 退回报告',
    )
    .option('--outcomes <file>', 'write the outcome of every row as NDJSON')
    .option('--json', 'end with one line of JSON')
    .option('--no-wait', 'do not wait until the records are final')
    .addHelpText('after', '\nExit code: 0 all rows were taken; 2 some were rejected, the others published; 1 failure.');
  addMemberFlags(command).action(async (file: string, flags: Flags) => exit(await publish(file, flags, terminal)));
}

async function publish(path: string, flags: Flags, terminal: Terminal): Promise<number> {
  const { item, format, encoding, map, mask = false } = flags;
  const store = headingsFile(flags, terminal);
  const layouts = new LayoutFile({ catalogue: builtInCatalogue, store, map, prompt: terminal.prompt });
  const source = await openSource(path, { item, format, encoding, mask, layouts, clock: Date });
  try {
    const { member, sealed } = await openSealedClient(flags, terminal, PATIENCE_MS);
    const tally = new Tally(flags, source);
    const progress = createProgress(source.facts.bytes, terminal);
    try {
      const published = await publishFile(
        source.rows(),
        {
          member,
          digest: source.facts.digest,
          reading: () => `${mask ? 'mask' : ''} ${layouts.digest()}`,
          dryRun: flags.dryRun === true,
          signal: terminal.signal,
        },
        {
          submitter: sealed,
          events: {
            opened: ({ zh }: CatalogueItem, resumed: number): void => {
              if (resumed > 0) terminal.say(`${zh}: goes on where it stopped: ${resumed} chunks were taken before`);
            },
            taken: (outcomes: readonly LineOutcome[], rows: number, bytesRead: number): void => {
              tally.take(outcomes);
              progress.update(bytesRead, rows);
            },
          },
        },
      );
      const counts = sum(published);
      progress.update(source.facts.bytes, counts.rows);
      progress.stop();
      for (const line of await tally.finish()) terminal.say(line);
      for (const remark of source.remarks.all()) terminal.say(describeRemark(remark));
      const states = flags.wait && flags.dryRun !== true ? await waitUntilFinal(sealed, tally, terminal) : undefined;
      show(source, published, tally, states, flags, terminal);
      return counts.rejected > 0 ? 2 : 0;
    } finally {
      progress.stop();
      tally.close();
    }
  } finally {
    await source.close();
  }
}

function sum(published: readonly Published[]): Counts {
  const sum = { rows: 0, published: 0, corrected: 0, unchanged: 0, rejected: 0 };
  for (const { counts } of published) {
    for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += counts[key];
  }
  return sum;
}

/** Positions grow, and a checkpoint covers all below its size: when the last of a log is final, all are. */
async function waitUntilFinal(sealed: SealedClient, { last }: Tally, terminal: Terminal): Promise<RecordStatus[]> {
  const statuses: RecordStatus[] = [];
  for (const { record, version } of last.values()) {
    if (record === undefined) continue;
    let told: RecordState | undefined;
    const status = await until(
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
    if (status) statuses.push(status);
  }
  return statuses;
}

const STATES: Record<RecordState, string> = {
  accepted: 'accepted: durable at your node 已受理',
  logged: 'logged: under a signed checkpoint 已入日志',
  anchored: 'anchored: on the chain 已上链',
  final: 'final: for good 已终局',
};

function show(
  { path, remarks }: SourceFile,
  published: readonly Published[],
  { issues, issuesLeftOut, warnings, doubts }: Tally,
  states: readonly RecordStatus[] | undefined,
  { json, dryRun = false, report }: Flags,
  terminal: Terminal,
): void {
  const out = (line: string): void => terminal.out(line);
  if (published.length === 0) out(`${path}: no rows 无数据行`);
  for (const { item, counts } of published) {
    out(
      `${path}: ${counts.rows} rows of ${item.en.toLowerCase()} ${item.zh}${dryRun ? ', dry run: nothing was published' : ''}`,
    );
    const table = [
      ['published', '已发布', counts.published],
      ['corrected', '已更正', counts.corrected],
      ['unchanged', '无变化', counts.unchanged],
      ['rejected ', '已退回', counts.rejected],
    ] as const;
    for (const [en, zh, count] of table) out(`  ${en}  ${zh}  ${String(count).padStart(9)}`);
  }
  if (warnings > 0) out(`  warnings   提示    ${String(warnings).padStart(9)}`);
  for (const issue of issues.slice(0, MOST_SHOWN)) out(describeIssue(issue));
  const hidden = issues.length + issuesLeftOut - MOST_SHOWN;
  if (hidden > 0) out(`… and ${hidden} more${report === undefined ? ': --report FILE has all of them' : ''}`);
  for (const issue of doubts.slice(0, MOST_SHOWN)) out(describeIssue(issue));
  if (warnings > MOST_SHOWN) out(`… and ${warnings - MOST_SHOWN} more warnings`);
  if (report !== undefined) out(`report: ${report}`);
  const last = states?.at(-1);
  const waiting = states?.find(({ state }) => state !== 'final');
  if (last) out(waiting ? waiting.why : 'all of it is final 全部已终局');
  if (json !== true) return;
  const items = published.map(({ item, submission, counts }) => ({ item: item.item, submission, ...counts }));
  const [first] = items;
  const told = {
    ...(items.length === 1 && first && { item: first.item, submission: first.submission }),
    dryRun,
    ...sum(published),
    warnings,
    ...(items.length > 1 && { items }),
    ...(last && { state: (waiting ?? last).state }),
    remarks: remarks.all(),
  };
  const rejected = published.some(({ counts }) => counts.rejected > 0);
  out(JSON.stringify({ ok: !rejected, ...told, faults: issues, faultsLeftOut: issuesLeftOut, doubts }));
}

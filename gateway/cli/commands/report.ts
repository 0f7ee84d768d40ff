import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { fromBase64Url, toBase64Url } from '../../../node/core/bytes.ts';
import { decodeEntry } from '../../../node/core/entry.ts';
import { malformed } from '../../../node/core/errors.ts';
import {
  makeReport,
  openReport,
  presentReport,
  REPORT_CHAPTERS,
  reportDigest,
  reportNumber,
  type OpenedReport,
  type ReportChapter,
  type ReportLine,
} from '../../../node/core/report.ts';
import { parseUscc } from '../../../node/core/uscc.ts';
import { verifyBundle } from '../../../node/core/verify-bundle.ts';
import { chinaTime } from '../../../node/policy/date.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { builtInReportStandard } from '../../../node/policy/report-standard.ts';
import { addGatewayFlags, addMemberFlags, openClient, openMember, type ConnectionFlags } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

export function addReport(program: Command, terminal: Terminal): void {
  const report = program
    .command('report')
    .summary('factual credit reports of enterprises 公共信用信息报告')
    .description(
      'A report has ten chapters of facts, each with its source, its proof and its status, and no score. Any chapter can ' +
        'be shown alone.\n报告共十章,逐条列明来源、证明与状态,不评分、不评级;可只出示其中若干章。',
    );
  addMake(report, terminal);
  addShow(report, terminal);
}

interface MakeFlags extends ConnectionFlags {
  uscc: string;
  name: string;
  out: string;
}

function addMake(report: Command, terminal: Terminal): void {
  const command = report
    .command('make')
    .summary('make and sign a report, as a regional centre 出具报告')
    .description(
      'From proof bundles of the enterprise’s public records: each is verified, and refused where it does not hold, is not ' +
        'public, is of another, or is not live any more.\n由各信源单位的公开记录证明文件汇编,逐一核验。',
    )
    .argument('<bundles...>', 'what `xinlian bundle` wrote')
    .requiredOption('--uscc <code>', 'USCC of the enterprise')
    .requiredOption('--name <name>', 'its name')
    .requiredOption('--out <file>', 'file to write: an SD-JWT');
  addMemberFlags(command).action(async (files: string[], flags: MakeFlags) => {
    const { id, keys } = await openMember(flags, terminal);
    const uscc = parseUscc(flags.uscc);
    const chapters = new Map<ReportChapter, ReportLine[]>();
    for (const file of files) {
      const line = lineOf(file, await readFile(file, 'utf8'), uscc);
      const chapter = builtInReportStandard.chapterOf(line.item);
      chapters.set(chapter, [...(chapters.get(chapter) ?? []), line]);
    }
    const now = Math.floor(Date.now() / 1000);
    const serial = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    const number = reportNumber(chinaTime(now).replaceAll(/\D/g, ''), serial % 100_000_000);
    const salts = REPORT_CHAPTERS.map(() => toBase64Url(crypto.getRandomValues(new Uint8Array(32))));
    const head = {
      iss: id,
      number,
      standard: builtInReportStandard.edition,
      iat: now,
      sub: { uscc, name: flags.name },
    };
    const text = await makeReport(head, chapters, salts, keys.client);
    await writeFile(flags.out, text);
    terminal.say(`${flags.out}: report ${number} of ${flags.name}, ${files.length} facts 报告编号 ${number}`);
    terminal.out(JSON.stringify({ number, digest: reportDigest(text), facts: files.length }));
  });
}

interface ShowFlags extends ConnectionFlags {
  chapters?: string;
  out?: string;
}

function addShow(report: Command, terminal: Terminal): void {
  const command = report
    .command('show')
    .summary('check a report, and show it or some of its chapters 核验并出示报告')
    .argument('<file>', 'what `xinlian report make` wrote, or a presentation of it')
    .option('--chapters <chapters>', `some alone, divided by commas: ${REPORT_CHAPTERS.join(', ')}`)
    .option('--out <file>', 'write the presentation of these chapters');
  addGatewayFlags(command).action(async (file: string, flags: ShowFlags) => {
    const whole = (await readFile(file, 'utf8')).trim();
    const text = flags.chapters === undefined ? whole : presentReport(whole, flags.chapters.split(',').map(chapterOf));
    const client = openClient(flags, terminal);
    const keys = new Map<string, Uint8Array>();
    // Whose report it is is read from the report, and believed only where the key of that centre signed it.
    const { payload } = parseIssuer(text);
    const { keys: current } = await client.getMember({ params: { member: payload } });
    if (current.client !== undefined) keys.set(payload, fromBase64Url(current.client, 32));
    const opened = await openReport(text, (centre) => keys.get(centre));
    if (flags.out !== undefined) await writeFile(flags.out, text);
    for (const line of describe(opened)) terminal.say(line);
    const { head, chapters } = opened;
    terminal.out(JSON.stringify({ ...head, digest: reportDigest(text), chapters: Object.fromEntries(chapters) }));
  });
}

function parseIssuer(text: string): { payload: string } {
  const body = text.split('.')[1] ?? '';
  const { iss } = JSON.parse(new TextDecoder().decode(fromBase64Url(body))) as { iss?: unknown };
  return typeof iss === 'string' ? { payload: iss } : malformed('report', 'the centre that made it', typeof iss);
}

function chapterOf(name: string): ReportChapter {
  return REPORT_CHAPTERS.find((chapter) => chapter === name) ?? malformed('--chapters', REPORT_CHAPTERS.join(), name);
}

/** A fact, from the bundle that proves it. */
function lineOf(file: string, text: string, uscc: string): ReportLine {
  const verification = verifyBundle(text, { names: (item, edition) => builtInCatalogue.names(item, edition) });
  const { ok, record, checkpoint, anchor, checks } = verification;
  if (!ok || !record || !checkpoint)
    return malformed(file, 'a proof that holds', checks.find((check) => !check.ok)?.detail ?? 'no record');
  const claims = Object.fromEntries(record.claims);
  if (record.undisclosed.length > 0) malformed(file, 'all claims shown', record.undisclosed.join(', '));
  if (claims['subject'] !== uscc) malformed(file, `a record of ${uscc}`, claims['subject']);
  if (claims['class'] !== 'public') malformed(file, 'a public record', claims['class']);
  if (record.status !== 'live') malformed(file, 'a record that is live', record.status);
  const { entry } = JSON.parse(text) as { entry: string };
  const logged = decodeEntry(fromBase64Url(entry));
  return {
    source: checkpoint.member,
    item: record.item,
    edition: record.edition,
    log: checkpoint.origin.log,
    position: record.position,
    commitment: 'commitment' in logged ? toBase64Url(logged.commitment) : '',
    size: checkpoint.size,
    ...(anchor && { anchor: { block: anchor.number, hash: anchor.hash } }),
    status: 'live',
    time: record.time,
    claims,
  };
}

function describe({ head, chapters }: OpenedReport): string[] {
  const lines = [`${head.number}  ${head.sub.name} ${head.sub.uscc}  made ${chinaTime(head.iat)} by ${head.iss}`];
  for (const { chapter, zh, en } of builtInReportStandard.chapters) {
    const facts = chapters.get(chapter);
    lines.push(
      `${zh} ${en}: ${facts === undefined ? 'not shown 未出示' : facts.length === 0 ? 'none 无' : facts.length}`,
    );
  }
  return lines;
}

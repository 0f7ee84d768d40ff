import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { fromBase64Url } from '../../../node/core/bytes.ts';
import { malformed } from '../../../node/core/errors.ts';
import {
  issuerOf,
  openReport,
  presentReport,
  REPORT_CHAPTERS,
  reportDigest,
  type OpenedReport,
  type ReportChapter,
} from '../../../node/core/report.ts';
import { chinaTime } from '../../../node/policy/date.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import type { SpecialOrder } from '../../../node/core/messages/report.ts';
import { builtInSpecialReports } from '../../../node/policy/special-report.ts';
import { builtInReportStandard } from '../../../node/policy/report-standard.ts';
import type { Client } from '../../client.ts';
import { unsealAnswers, type SealedAnswers } from '../../client/grantee.ts';
import { reportCheckUrl, reportPage } from '../../pages/report.ts';
import {
  addGatewayFlags,
  addMemberFlags,
  gatewayOf,
  openClient,
  openSealedClient,
  type ConnectionFlags,
} from '../connection.ts';
import type { Terminal } from '../terminal.ts';

export function addReport(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const report = program
    .command('report')
    .summary('factual credit reports of enterprises 公共信用信息报告')
    .description(
      'A report has ten chapters of facts, each with its source, its proof and its status, and no score. Any chapter can ' +
        'be shown alone.\n报告共十章,逐条列明来源、证明与状态,不评分、不评级;可只出示其中若干章。',
    );
  addMake(report, terminal);
  addList(report, terminal);
  addGet(report, terminal);
  addWithdraw(report, terminal);
  addShow(report, terminal);
  addPrint(report, terminal);
  addCheck(report, terminal, exit);
}

interface MakeFlags extends ConnectionFlags {
  uscc: string;
  name: string;
  answers?: string;
  fields?: string;
  from?: string;
  to?: string;
  out: string;
}

function addMake(report: Command, terminal: Terminal): void {
  const command = report
    .command('make')
    .summary('have your node make and log a report, as a regional centre 出具报告')
    .description(
      'Your node asks every source of your region for what it publishes of the enterprise, and verifies each record; what ' +
        'you read under a grant goes in by --answers. The report is signed, and has a line in your log.\n' +
        '由本中心节点向本区域各信源单位查询、逐条核验、签名并入链存证。',
    )
    .requiredOption('--uscc <code>', 'USCC of the enterprise')
    .requiredOption('--name <name>', 'its name')
    .option('--answers <file>', 'what `xinlian query --out` kept: records that you read under a grant')
    .requiredOption('--out <file>', 'file to write: an SD-JWT');
  addMemberFlags(addSpecialFlags(command)).action(async ({ uscc, name, answers: file, out, ...flags }: MakeFlags) => {
    const { sealed } = await openSealedClient(flags, terminal);
    const kept = file === undefined ? undefined : (JSON.parse(await readFile(file, 'utf8')) as SealedAnswers);
    const special = specialOf(flags);
    const made = await sealed.compileReport({
      uscc,
      name,
      ...(kept && { answers: await unsealAnswers(kept) }),
      ...(special && { special }),
    });
    await writeFile(out, made.text);
    const { number, digest, position } = made;
    terminal.say(`${out}: report ${number} of ${name} 报告编号 ${number}`);
    terminal.out(JSON.stringify({ number, digest, position }));
  });
}

/** For a special report 专项信用报告, in place of certificates of agencies. */
export function addSpecialFlags(command: Command): Command {
  const known = builtInSpecialReports.fields.map(({ field, zh }) => `${field} ${zh}`).join(', ');
  return command
    .option('--fields <fields>', `a special report of these fields of law, divided by commas 专项信用报告: ${known}`)
    .option('--from <date>', 'first day of its period')
    .option('--to <date>', 'last day of its period');
}

/** Throws `MALFORMED` for a part without the others. */
export function specialOf({
  fields,
  from,
  to,
}: {
  fields?: string;
  from?: string;
  to?: string;
}): SpecialOrder | undefined {
  if (fields === undefined && from === undefined && to === undefined) return undefined;
  if (fields === undefined || from === undefined || to === undefined)
    return malformed('special report', '--fields with --from and --to', 'some of them');
  return { fields: fields.split(','), from, to };
}

function addList(report: Command, terminal: Terminal): void {
  const command = report
    .command('list')
    .summary('reports that your centre made 本中心出具的报告')
    .option('--after <number>', 'reports behind this one');
  addMemberFlags(command).action(async ({ after, ...flags }: ConnectionFlags & { after?: string }) => {
    const { sealed } = await openSealedClient(flags, terminal);
    const { reports, next } = await sealed.reports(after);
    for (const one of reports) {
      terminal.say(
        `${one.number}  ${one.name} ${one.uscc}  ${chinaTime(one.time)}${one.withdrawn ? '  withdrawn 已撤回' : ''}`,
      );
      terminal.out(JSON.stringify(one));
    }
    if (next !== undefined) terminal.say(`more: --after ${next}`);
  });
}

function addGet(report: Command, terminal: Terminal): void {
  const command = report
    .command('get')
    .summary('fetch a report of your centre 取回报告')
    .argument('<number>')
    .requiredOption('--out <file>', 'file to write: an SD-JWT');
  addMemberFlags(command).action(async (number: string, { out, ...flags }: ConnectionFlags & { out: string }) => {
    const { sealed } = await openSealedClient(flags, terminal);
    const { text, digest, position } = await sealed.report(number);
    await writeFile(out, text);
    terminal.out(JSON.stringify({ number, digest, position }));
  });
}

function addWithdraw(report: Command, terminal: Terminal): void {
  const command = report
    .command('withdraw')
    .summary('take a report of your centre back, for good 撤回报告')
    .argument('<number>');
  addMemberFlags(command).action(async (number: string, flags: ConnectionFlags) => {
    const { sealed } = await openSealedClient(flags, terminal);
    await sealed.withdrawReport(number);
    terminal.out(JSON.stringify({ number, withdrawn: true }));
  });
}

interface ShowFlags extends ConnectionFlags {
  chapters?: string;
  out?: string;
}

function addShow(report: Command, terminal: Terminal): void {
  const command = report
    .command('show')
    .summary('check the signature of a report, and show it or some of its chapters 核验并出示报告')
    .argument('<file>', 'a report, or a presentation of it')
    .option('--chapters <chapters>', `some alone, divided by commas: ${REPORT_CHAPTERS.join(', ')}`)
    .option('--out <file>', 'write the presentation of these chapters');
  addGatewayFlags(command).action(async (file: string, flags: ShowFlags) => {
    const whole = (await readFile(file, 'utf8')).trim();
    const text = flags.chapters === undefined ? whole : presentReport(whole, flags.chapters.split(',').map(chapterOf));
    const { opened } = await openWith(openClient(flags, terminal), text);
    if (flags.out !== undefined) await writeFile(flags.out, text);
    for (const line of describe(opened)) terminal.say(line);
    const { head, chapters } = opened;
    terminal.out(JSON.stringify({ ...head, digest: reportDigest(text), chapters: Object.fromEntries(chapters) }));
  });
}

function addPrint(report: Command, terminal: Terminal): void {
  const command = report
    .command('print')
    .summary('a report as a page to print, whose code leads to its check 打印报告')
    .argument('<file>', 'a report, or a presentation of it')
    .requiredOption('--out <file>', 'file to write: HTML');
  addGatewayFlags(command).action(async (file: string, { out, ...flags }: ConnectionFlags & { out: string }) => {
    const text = (await readFile(file, 'utf8')).trim();
    const client = openClient(flags, terminal);
    const { opened, centre } = await openWith(client, text);
    const { iss: member, number, sources, unreached } = opened.head;
    const names = new Map<string, string>();
    for (const id of new Set([...sources.map((source) => source.member), ...unreached]))
      names.set(id, (await client.getMember({ params: { member: id } })).name);
    const page = reportPage(opened, {
      url: reportCheckUrl(gatewayOf(flags, terminal.env), { member, number, digest: reportDigest(text) }),
      centre,
      made: chinaTime(opened.head.iat),
      standard: builtInReportStandard,
      agencyOf: (id) => names.get(id) ?? id,
      nameOf: (code, claim) => {
        const item = builtInCatalogue.item(code);
        return claim === undefined ? item.zh : item.fields.find(({ name }) => name === claim)?.zh;
      },
    });
    await writeFile(out, page);
    terminal.out(JSON.stringify({ number, file: out }));
  });
}

function addCheck(report: Command, terminal: Terminal, exit: (code: number) => void): void {
  const command = report
    .command('check')
    .summary('whether a report is genuine, and still true 核验报告是否有效')
    .argument('<file>', 'a report, or a presentation of it');
  addGatewayFlags(command).action(async (file: string, flags: ConnectionFlags) => {
    const text = (await readFile(file, 'utf8')).trim();
    const client = openClient(flags, terminal);
    const { opened } = await openWith(client, text);
    const { iss: member, number } = opened.head;
    const checked = await client.checkReport({ params: { member, number }, query: { digest: reportDigest(text) } });
    terminal.say(`${number}  ${checked.state}, ${checked.changed} changed, ${checked.unreached} not checked`);
    terminal.out(JSON.stringify(checked));
    if (checked.state !== 'valid') exit(2);
  });
}

/** Whose report it is is read from the report, and believed only where a key of that centre signed it. */
async function openWith(client: Client, text: string): Promise<{ opened: OpenedReport; centre: string }> {
  const { name, history } = await client.getMember({ params: { member: issuerOf(text) } });
  const keys = (history.checkpoint ?? []).map(({ key }) => fromBase64Url(key, 32));
  return { opened: await openReport(text, () => keys), centre: name };
}

function chapterOf(name: string): ReportChapter {
  return REPORT_CHAPTERS.find((chapter) => chapter === name) ?? malformed('--chapters', REPORT_CHAPTERS.join(), name);
}

function describe({ head, chapters }: OpenedReport): string[] {
  const lines = [`${head.number}  ${head.sub.name} ${head.sub.uscc}  made ${chinaTime(head.iat)} by ${head.iss}`];
  for (const { chapter, zh, en } of builtInReportStandard.chapters) {
    const facts = chapters.get(chapter);
    lines.push(
      `${zh} ${en}: ${facts === undefined ? 'not shown 未出示' : facts.length === 0 ? 'none 无' : facts.length}`,
    );
  }
  for (const { zh, en, records } of head.special?.fields ?? [])
    lines.push(`${zh} ${en}: ${records === 0 ? 'no record 无违法违规记录' : `${records} records 有违法违规记录`}`);
  if (head.unreached.length > 0) lines.push(`${head.unreached.length} sources could not be asked 未能查询的信源单位`);
  return lines;
}

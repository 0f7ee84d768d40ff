// An enterprise and what is held of it: its records, its objections, its applications for repair.
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { caseAct, type CaseAct } from '../../../node/core/case-act.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { parseRecordId } from '../../../node/core/ids.ts';
import type { CaseView } from '../../../node/core/messages/case.ts';
import { actParts, caseLines, newCaseId, type ActFlags } from '../case-lines.ts';
import { memberOf, openEnterprise, type ConnectionFlags } from '../connection.ts';
import { addEnterpriseFlags } from './grant.ts';
import { addSpecialFlags, specialOf } from './report.ts';
import type { Terminal } from '../terminal.ts';

interface OwnFlags extends ConnectionFlags, ActFlags {
  certificate: string;
  at: string;
  case?: string;
  json?: boolean;
}

interface ReportFlags {
  fields?: string;
  from?: string;
  to?: string;
  out: string;
}

export function addOwn(program: Command, terminal: Terminal): void {
  const own = program
    .command('own')
    .summary('what is held of your enterprise, objections, repairs 本企业信息、异议与修复')
    .description(
      'For an enterprise whose key is certified: what an agency holds of it, until when that is published, from when on it can be ' +
        'repaired; objections and applications for repair, which cost nothing.\n' +
        '企业查看信源单位所持本企业信息、公示期限与可修复日期,提出异议、申请信用修复(免费)。',
    );

  const at = (command: Command): Command =>
    addEnterpriseFlags(command.requiredOption('--at <member>', 'agency whose record it is: member id or USCC'));

  at(
    own.command('records').summary('your records at an agency 本企业记录').option('--json', 'a line of JSON for each'),
  ).action(async (flags: OwnFlags) => {
    const { enterprise } = await openEnterprise(flags, terminal);
    for (const record of await enterprise.records(memberOf(flags.at))) {
      const { record: id, item, status, publicity } = record;
      const { published, why, until, repairFrom, edition, unverified } = publicity;
      const shown = published ? `published until ${until ?? 'no end'}` : `not published: ${why ?? ''}`;
      const repair = repairFrom === undefined ? '' : `  repair from ${repairFrom ?? 'now on'}`;
      const sure = unverified ? ' 未核实 unverified' : '';
      terminal.out(
        flags.json ? JSON.stringify(record) : `${id}  ${item}  ${status}  ${shown}${repair}  (${edition}${sure})`,
      );
    }
  });

  at(
    own
      .command('cases')
      .summary('your objections and repairs 异议与修复进度')
      .option('--json', 'a line of JSON for each'),
  ).action(async (flags: OwnFlags) => {
    const { enterprise } = await openEnterprise(flags, terminal);
    for (const view of await enterprise.cases(memberOf(flags.at))) {
      if (flags.json) terminal.out(JSON.stringify(view));
      else
        for (const line of [...caseLines(view), `  ${view.proved ? 'proved 已证明' : 'proof follows 证明待出'}`])
          terminal.out(line);
    }
  });

  const report = own
    .command('report')
    .summary('have your centre make a report of you 申请本企业信用报告')
    .description(
      'A factual report, or a special one, which stands in for certificates of agencies that there is no misconduct.\n' +
        '公共信用信息报告,或专项信用报告(代替有关机关开具的无违法违规证明)。',
    )
    .requiredOption('--out <file>', 'file to write: an SD-JWT');
  at(addSpecialFlags(report)).action(async (flags: OwnFlags & ReportFlags) => {
    const { enterprise } = await openEnterprise(flags, terminal);
    const special = specialOf(flags);
    const { number, digest, text } = await enterprise.report(memberOf(flags.at), special ? { special } : {});
    await writeFile(flags.out, text);
    terminal.say(`${flags.out}: report ${number} 报告编号 ${number}`);
    terminal.out(JSON.stringify({ number, digest }));
  });

  for (const { name, kind, step, summary } of FIRST) {
    const command = own
      .command(name)
      .summary(summary)
      .argument('<record>', 'record id')
      .option('--case <id>', 'to send the same again');
    at(addParts(command)).action(async (record: string, flags: OwnFlags) => {
      await act(
        { record: parseRecordId(record), case: flags.case ?? newCaseId(), seq: 0, kind, step },
        flags,
        terminal,
      );
    });
  }

  const next = own
    .command('do')
    .summary('go on with a case: withdraw, supplement, state 撤回、补正、陈述')
    .argument('<case>', 'case id')
    .argument('<step>', 'withdraw, supplement or state');
  at(addParts(next)).action(async (id: string, step: string, flags: OwnFlags) => {
    const { enterprise } = await openEnterprise(flags, terminal);
    const [known] = await enterprise.cases(memberOf(flags.at), { case: id });
    if (!known) throw new XinlianError('NOT_FOUND', { what: 'case', id });
    const { record, kind, steps } = known;
    await act({ record, case: id, seq: steps.length, kind, step: step as CaseAct['step'] }, flags, terminal);
  });
}

const FIRST = [
  { name: 'object', kind: 'objection', step: 'file', summary: 'object to a record 提出异议' },
  { name: 'repair', kind: 'repair', step: 'apply', summary: 'apply for repair 申请信用修复' },
] as const;

function addParts(command: Command): Command {
  return command
    .option('--text <words>', 'reasons')
    .option('--ground <ground>', 'of an objection: factual-error, clerical-error, omission, overdue, wrongly-listed …')
    .option('--material <code=file...>', 'documents; only their digests are sent');
}

async function act(base: CaseAct, flags: OwnFlags, terminal: Terminal): Promise<void> {
  const { enterprise } = await openEnterprise(flags, terminal);
  const made = caseAct.check({ ...base, ...(await actParts(flags)) });
  const view: CaseView = await enterprise.act(memberOf(flags.at), made);
  for (const line of caseLines(view)) terminal.say(line);
  terminal.out(JSON.stringify(view));
}

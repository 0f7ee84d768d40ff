// What an auditor asks: each answer is worked out from the chain and the logs, and believes nobody either.
import type { Command } from 'commander';
import { askEntries, askHistory, askLate, askPublishers, askReads, runAudit } from '../../../node/auditor.ts';
import type { ReadAccess } from '../../../node/audit/access-audit.ts';
import type { Finding } from '../../../node/audit/rule.ts';
import { fromUtf8, toBase64 } from '../../../node/core/bytes.ts';
import { malformed } from '../../../node/core/errors.ts';
import { parseLogId } from '../../../node/core/ids.ts';
import { optionsOf, wholeNumber, type AuditFlags } from '../audit/options.ts';
import { exitCodeOf } from '../audit/summary.ts';
import { memberOf } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

export function addQuestions(audit: Command, terminal: Terminal, exit: (code: number) => void): void {
  const { fetch, signal } = terminal;
  // As for the audit: 1 is kept for anomalies.
  const orTwo = async (ask: () => Promise<void>): Promise<void> => {
    try {
      await ask();
    } catch (error) {
      exit(2);
      throw error;
    }
  };

  audit
    .command('publishers')
    .summary('who could publish at a block 某区块时谁可发布')
    .description(
      'Lists who could publish at the end of a block (--block), by a replay of the chain.\n重放链,列出该区块时有权发布的成员。',
    )
    .action((_own: object, self: Command) =>
      orTwo(async () => {
        const flags = self.optsWithGlobals<AuditFlags>();
        for (const publisher of await askPublishers(optionsOf(flags), { fetch, signal })) {
          const { member, name, roles, account, checkpointKey, logs } = publisher;
          const key = checkpointKey && toBase64(checkpointKey);
          terminal.out(
            flags.json
              ? JSON.stringify({ ...publisher, checkpointKey: key })
              : `${member}  ${name}  ${roles.join(', ')}  ${account}  logs: ${logs.join(' ') || 'none'}`,
          );
        }
      }),
    );

  audit
    .command('entries')
    .summary('entries of a log, with nothing left out 两位置间的全部条目')
    .description(
      'Writes the entries of a log from one position to another, each proved from the anchored root: nothing between them ' +
        'is missing. A line of JSON each.\n输出两位置间的全部条目,逐条由已上链的根证明,无一缺漏。',
    )
    .argument('<log>', 'log id')
    .argument('<from>', 'first position')
    .argument('<to>', 'last position')
    .action((log: string, from: string, to: string, _own: object, self: Command) =>
      orTwo(async () => {
        const range = {
          log: parseLogId(log),
          from: wholeNumber('<from>', from, 0),
          to: wholeNumber('<to>', to, 0) + 1,
        };
        let told = '';
        await askEntries(range, optionsOf(self.optsWithGlobals<AuditFlags>()), { fetch, signal }, (entry, anchor) => {
          terminal.out(`{"position":${entry.position},"entry":${fromUtf8(entry.bytes)}}`);
          told = `proved by root ${toBase64(anchor.root)} of size ${anchor.size}, anchored in block ${anchor.block}`;
        });
        terminal.say(`positions ${range.from} to ${range.to - 1}, all of them: ${told} 已证明无缺漏`);
      }),
    );

  audit
    .command('reads')
    .summary('what a member read, under what 某机构查询了什么,依据何授权')
    .description(
      'Lists every access of a member that the handed openings (--openings) tell of and the logs bear out: when, whom it ' +
        'asked, about whom, which items, for what, under which grant, with what outcome; and the rules that it breaks.\n' +
        '依据交出并经日志核验的回执原文,列出某机构的每次查询及所依据的授权。',
    )
    .argument('<member>', 'member id or USCC of the grantee; "all" for every one')
    .action((member: string, _own: object, self: Command) =>
      orTwo(async () => {
        const flags = self.optsWithGlobals<AuditFlags>();
        if (!flags.openings) malformed('--openings', 'files that members handed over', 'nothing');
        const grantee = member === 'all' ? undefined : memberOf(member);
        const result = await askReads(optionsOf(flags), { fetch, signal }, (access) => {
          if (grantee !== undefined && access.receipt.grantee !== grantee) return;
          terminal.out(flags.json ? JSON.stringify(readOf(access)) : readText(access));
        });
        const code = exitCodeOf(result);
        if (code !== 0) terminal.say('The audit is not clean: see xinlian audit 审计发现异常或未完成');
        exit(code);
      }),
    );

  audit
    .command('unreceipted')
    .summary('accesses that one side alone shows 无回执的访问')
    .description(
      'Lists every query that its provider has no receipt of, every receipt of which the grantee logged no query, and every use ' +
        'of a grant on the chain without a query, by the handed openings (--openings).\n' +
        '依据交出的原文,列出无回执的查询、无查询记录的回执,以及链上已核销而无查询记录的授权使用。',
    )
    .argument('[member]', 'member id or USCC of whose line is missing; default: all')
    .action((member: string | undefined, _own: object, self: Command) =>
      orTwo(async () => {
        const flags = self.optsWithGlobals<AuditFlags>();
        if (!flags.openings) malformed('--openings', 'files that members handed over', 'nothing');
        const whose = member === undefined ? undefined : memberOf(member);
        const result = await runAudit(optionsOf(flags), { fetch, signal });
        const missing = result.findings.filter(
          (finding) => ONE_SIDED.has(finding.rule) && (whose === undefined || finding.member === whose),
        );
        for (const finding of missing) terminal.out(flags.json ? JSON.stringify(finding) : oneSidedText(finding));
        terminal.say(`${missing.length} seen from one side alone, in ${result.openings.length} opened logs 无回执`);
        exit(missing.length > 0 ? 1 : result.openings.length === 0 || !result.complete ? 2 : 0);
      }),
    );

  audit
    .command('late')
    .summary('records that were published late 双公示逾期')
    .description(
      'Lists every record of an item that was published behind its deadline, by what agencies opened (--records): when it was ' +
        'decided, until when it was to be published, and when it was.\n按信源单位交出的决定日期,列出逾期公示的记录。',
    )
    .argument('[item]', 'catalogue item; default: every one with a deadline')
    .action((item: string | undefined, _own: object, self: Command) =>
      orTwo(async () => {
        const flags = self.optsWithGlobals<AuditFlags>();
        if (!flags.records) malformed('--records', 'files that agencies handed over', 'nothing');
        let count = 0;
        const result = await askLate(optionsOf(flags), { fetch, signal }, (late) => {
          if (item !== undefined && late.item !== item) return;
          count++;
          terminal.out(
            flags.json
              ? JSON.stringify(late)
              : `${late.member}#${late.position}  ${late.item}  decided ${late.decided}  due ${late.due}  published ${late.on}`,
          );
        });
        terminal.say(`${count} late, of the records of ${result.records.length} logs 逾期公示`);
        exit(result.records.length === 0 || !result.complete ? 2 : count > 0 ? 1 : 0);
      }),
    );

  audit
    .command('history')
    .summary('every version of a record 某记录的全部版本')
    .description(
      'Audits, and lists the positions of every version of the record that one of its positions belongs to, and what ' +
        'became of each. With --state it is quick the second time.\n列出某条记录的全部版本及其状态。',
    )
    .argument('<log>', 'log id')
    .argument('<position>', 'position of any version')
    .action((log: string, position: string, _own: object, self: Command) =>
      orTwo(async () => {
        const flags = self.optsWithGlobals<AuditFlags>();
        const place = { log: parseLogId(log), position: wholeNumber('<position>', position, 0) };
        const { versions, result } = await askHistory(place, optionsOf(flags), { fetch, signal });
        for (const [i, version] of versions.entries()) {
          const { position, item, state, by } = version;
          const change = by === undefined ? '' : ` by ${by}`;
          terminal.out(
            flags.json ? JSON.stringify(version) : `version ${i + 1}: ${position}  ${item}  ${state}${change}`,
          );
        }
        if (versions.length === 0) terminal.say(`no record was audited at position ${place.position} 该位置无记录`);
        const code = exitCodeOf(result);
        if (code !== 0) terminal.say('The audit is not clean: see xinlian audit 审计发现异常或未完成');
        exit(code === 0 && versions.length === 0 ? 2 : code);
      }),
    );
}

/** Rules that find an access of which one side has no line. */
const ONE_SIDED: ReadonlySet<string> = new Set(['query-without-receipt', 'receipt-without-query', 'use-without-query']);

function oneSidedText({ rule, member, log, position, block, grant }: Finding): string {
  const seen = log === undefined ? `block ${block}` : `${log}#${position}`;
  return `${rule}  seen at ${seen}  missing from ${member}${grant === undefined ? '' : `  grant ${grant}`}`;
}

/** Without what only proves it. */
function readOf({ log, position, receipt, broken }: ReadAccess): object {
  const { time, provider, grantee, subject, items, purpose, grant, query, outcome, reason, records, level, head } =
    receipt;
  return {
    time,
    provider,
    grantee,
    subject,
    items,
    purpose,
    grant,
    query,
    outcome,
    reason,
    records: records.length,
    level,
    block: head.number,
    log,
    position,
    broken,
  };
}

function readText({ position, receipt, broken }: ReadAccess): string {
  const { time, provider, subject, items, purpose, grant, outcome, reason, records, level } = receipt;
  const ended = outcome === 'answered' ? `${records.length} records, consent ${level ?? 'none'}` : `refused: ${reason}`;
  const faults = broken.length === 0 ? '' : `  BREAKS ${broken.join(', ')}`;
  const when = new Date(time * 1_000).toISOString();
  return `${when}  ${provider}#${position}  ${subject}  ${items.join(', ')}  ${purpose}  grant ${grant}  ${ended}${faults}`;
}

// What an audit says: as JSON for programs, as lines for people.
import type { AuditedLog, AuditResult } from '../../../node/audit/audit.ts';
import type { Finding, RuleText } from '../../../node/audit/rule.ts';
import { RULES } from '../../../node/audit/rules.ts';
import { toBase64 } from '../../../node/core/bytes.ts';

/** 0 clean, 1 anomalies, 2 could not be completed. */
export function exitCodeOf({ findings, complete }: AuditResult): 0 | 1 | 2 {
  if (findings.length > 0) return 1;
  return complete ? 0 : 2;
}

/** One object, for `--json`. */
export function jsonOf(result: AuditResult): object {
  const { digest, complete, head, asked, events, members, logs, findings, unread, openings, sealers, statement } =
    result;
  return {
    ok: exitCodeOf(result) === 0,
    digest,
    complete,
    block: head,
    asked,
    events,
    members: members.length,
    logs: logs.map(
      ({ log, owner, source, anchored, proven, closed, anchors, kinds, cosigned, notCosigned, witnesses }) => ({
        log,
        owner,
        source,
        size: anchored.size,
        root: toBase64(anchored.root),
        proven,
        closed,
        checkpoints: anchors.length,
        kinds: Object.fromEntries(kinds),
        cosigned,
        notCosigned,
        witnesses,
      }),
    ),
    anomalies: findings,
    unread,
    openings,
    ...(sealers && { sealers }),
    statement,
  };
}

export function linesOf(result: AuditResult): string[] {
  const { digest, complete, head, asked, events, members, logs, findings, unread, openings, sealers } = result;
  const entries = logs.reduce((sum, { proven }) => sum + proven, 0);
  return [
    `chain: to block ${head?.number ?? 'none'} of ${asked}, ${events} events, ${members.length} members`,
    `logs: ${logs.length}, ${entries} entries proven 已核验条目`,
    ...logs.flatMap(cosignedLine),
    ...(sealers ? [`seals: every block verified, ${sealers.length} may seal the next 区块签封均已核验`] : []),
    ...openings.map(({ log, size }) => `openings of log ${log}: below position ${size} 已核验回执原文`),
    ...unread.map(
      ({ log, source, reason }) => `NOT READ 未能读取: log ${log}${source ? ` at ${source}` : ''}: ${reason}`,
    ),
    ...findings.flatMap(describe),
    verdict(exitCodeOf(result), findings.length, complete),
    `digest 审计摘要: ${digest}`,
  ];
}

function cosignedLine({ log, cosigned, notCosigned, witnesses }: AuditedLog): string[] {
  const of = cosigned.length + notCosigned.length;
  if (of === 0) return [];
  const missing = notCosigned.length > 0 ? `; not by 缺 ${notCosigned.join(', ')}` : '';
  const refused = witnesses.filter((view) => view.refused > 0);
  const told = refused.map(({ member, refused: count }) => `; ${member} refused ${count} 拒绝见证`);
  return [`cosigned 见证: log ${log} by ${cosigned.length} of ${of}${missing}${told.join('')}`];
}

function verdict(code: 0 | 1 | 2, findings: number, complete: boolean): string {
  const rest = complete ? '' : '; not everything could be read 且未能读完';
  if (code === 1) return `ANOMALIES: ${findings}${rest} 发现异常`;
  return code === 0 ? 'clean 未发现异常' : 'NOT COMPLETE: no anomaly in what could be read 审计未完成';
}

function describe(finding: Finding): string[] {
  const rule = ruleOf(finding.rule);
  const mark = finding.severity === 'violation' ? '✗' : '!';
  return [
    `${mark} ${finding.rule}: ${rule?.en ?? ''} ${rule?.zh ?? ''}`,
    `    ${placeText(finding)}: wanted ${finding.wanted}, got ${finding.got}`,
  ];
}

export function ruleOf(id: string): RuleText | undefined {
  return RULES.find((rule) => rule.id === id);
}

/** Where a finding is, in words. */
export function placeText({ block, logIndex, member, grant, log, position, end, file, source }: Finding): string {
  return [
    source !== undefined && `served by ${source}`,
    member !== undefined && `member ${member}`,
    grant !== undefined && `grant ${grant}`,
    log !== undefined && `log ${log}`,
    position !== undefined && (end === undefined ? `entry ${position}` : `entries ${position} to ${end - 1}`),
    file !== undefined && `file ${file}`,
    block !== undefined && `block ${block}`,
    logIndex !== undefined && `event ${logIndex}`,
  ]
    .filter((part) => part !== false)
    .join(', ');
}

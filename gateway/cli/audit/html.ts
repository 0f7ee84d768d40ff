// The report of an audit as one HTML file: Chinese and English, no script, nothing from outside.
import type { AuditedLog, AuditResult } from '../../../node/audit/audit.ts';
import type { Finding } from '../../../node/audit/rule.ts';
import { RULES } from '../../../node/audit/rules.ts';
import { toBase64 } from '../../../node/core/bytes.ts';
import { VERSION } from '../../../node/version.ts';
import { columnChart, rowChart, type Bar } from './charts.ts';
import { escapeHtml } from '../../html.ts';
import { exitCodeOf, placeText, ruleOf } from './summary.ts';

/** Rows of a table that are shown: the JSON has all. */
const MOST_ROWS = 1_000;
const MOST_COLUMNS = 60;
const DAY_MS = 86_400_000;

const STYLE = `
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b2430}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #d5dbe3}
.verdict{padding:.8rem 1rem;border-radius:.4rem;font-size:1.1rem}
.v0{background:#e3f4e6}.v1{background:#fbe3e1}.v2{background:#fdf1d6}
table{border-collapse:collapse;width:100%;font-size:.85rem}td,th{text-align:left;vertical-align:top;padding:.3rem .5rem;border-bottom:1px solid #e4e8ee}
code{font:.8rem ui-monospace,monospace;word-break:break-all}
.figures{display:flex;flex-wrap:wrap;gap:1rem;margin:1rem 0}.figures div{background:#f2f5f9;border-radius:.4rem;padding:.5rem 1rem}.figures b{display:block;font-size:1.3rem}
svg{max-width:100%;height:auto}svg text{font-size:12px;fill:#1b2430}.all{fill:#f0b8b2}.filled{fill:#3a6ea5}
.violation{color:#a4201a}.irregularity{color:#8a5a00}
@media print{body{margin:0}}`;

const VERDICTS = {
  0: 'Clean: everything was read, nothing was found. 审计完成,未发现异常。',
  1: 'Anomalies were found. 发现异常。',
  2: 'Not complete: no anomaly in what could be read. 审计未完成:在已读取部分未发现异常。',
} as const;

/** @param made when, for people: it is no part of the digest */
export function htmlOf(result: AuditResult, made: Date): string {
  const { digest, head, asked, events, members, logs, findings, unread } = result;
  const code = exitCodeOf(result);
  const figures: [string, number][] = [
    ['Blocks to 截至区块', head?.number ?? 0],
    ['Events 事件', events],
    ['Members 成员', members.length],
    ['Logs 日志', logs.length],
    ['Checkpoints 检查点', sum(logs, ({ anchors }) => anchors.length)],
    ['Entries proven 已核验条目', sum(logs, ({ proven }) => proven)],
    ['Anomalies 异常', findings.length],
  ];
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Xinlian audit 信链审计报告</title><style>${STYLE}</style></head><body>
<h1>Xinlian audit report 信链审计报告</h1>
<p class="verdict v${code}">${VERDICTS[code]}</p>
<p>Audit digest 审计摘要<br><code>${digest}</code></p>
<p>Block 区块 ${head?.number ?? 'none'} (asked 要求 ${asked})<br><code>${escapeHtml(head?.hash ?? '')}</code></p>
<div class="figures">${figures.map(([name, value]) => `<div><b>${value.toLocaleString('en')}</b>${name}</div>`).join('')}</div>
${section('Anomalies 异常', findingsPart(findings))}
${
  unread.length > 0
    ? section(
        'Not read 未能读取',
        table(
          ['Log 日志', 'Where 地址', 'Why 原因'],
          unread.map(({ log, source, reason }) => [codeText(log), escapeHtml(source ?? ''), escapeHtml(reason)]),
        ),
      )
    : ''
}
${section('Logs 日志', `${rowChart('Entries by log', logs.slice(0, MOST_COLUMNS).map(barOf))}${logsTable(logs)}`)}
${section('Entries by day 每日条目', columnChart('Entries by day', byDay(logs)))}
${section('Entries by kind 条目种类', rowChart('Entries by kind', byKind(logs)))}
${section('Members 成员', membersTable(result))}
${section(
  'Rules 规则',
  table(
    ['Rule 规则', 'What it finds 含义'],
    RULES.map(({ id, version, zh, en }) => [codeText(`${id}@${version}`), `${zh}<br>${en}`]),
  ),
)}
<p>Xinlian ${VERSION}, ${made.toISOString()}. The digest is the same for every honest auditor at the same block; times and addresses here are no part of it. 摘要对同一区块的所有诚实审计人相同;本页所列时间与地址不计入摘要。</p>
</body></html>
`;
}

function findingsPart(findings: readonly Finding[]): string {
  if (findings.length === 0) return '<p>None. 无。</p>';
  const counts = Map.groupBy(findings, ({ rule }) => rule);
  const bars = Array.from(counts, ([label, found]): Bar => ({ label, value: found.length }));
  const rows = findings.slice(0, MOST_ROWS).map((finding) => {
    const rule = ruleOf(finding.rule);
    const name = `<span class="${finding.severity}">${codeText(finding.rule)}</span><br>${rule?.zh ?? ''}<br>${rule?.en ?? ''}`;
    return [name, codeText(placeText(finding)), codeText(finding.wanted), codeText(finding.got)];
  });
  const more = findings.length > MOST_ROWS ? `<p>… ${findings.length - MOST_ROWS} more 其余从略</p>` : '';
  return (
    rowChart('Anomalies by rule', bars) + table(['Rule 规则', 'Where 位置', 'Wanted 应为', 'Got 实为'], rows) + more
  );
}

function logsTable(logs: readonly AuditedLog[]): string {
  const rows = logs.map(({ log, name, source, anchored, proven, closed, anchors, cosigned, notCosigned }) => [
    `${escapeHtml(name)}<br>${codeText(log)}<br>${codeText(source ?? '')}`,
    `${anchored.size}${closed ? '<br>closed 已关闭' : ''}`,
    String(proven),
    String(anchors.length),
    codeText(toBase64(anchored.root)),
    `${cosigned.length} / ${cosigned.length + notCosigned.length}`,
  ]);
  return table(
    ['Log 日志', 'Anchored 已上链', 'Proven 已核验', 'Checkpoints 检查点', 'Root 根', 'Cosigned 见证'],
    rows,
  );
}

function membersTable({ members }: AuditResult): string {
  const rows = members.map(({ id, name, uscc, region, roles, status }) => [
    `${escapeHtml(name)}<br>${codeText(id)}`,
    escapeHtml(uscc),
    escapeHtml(region),
    roles.join(', '),
    status,
  ]);
  return table(['Member 成员', 'USCC 统一社会信用代码', 'Region 区划', 'Roles 角色', 'Status 状态'], rows);
}

function barOf({ name, anchored, proven }: AuditedLog): Bar {
  return { label: name.length > 18 ? `${name.slice(0, 17)}…` : name, value: anchored.size, filled: proven };
}

/** Days in which nothing happened included, several to a column where there are many. */
function byDay(logs: readonly AuditedLog[]): Bar[] {
  const days = new Map<number, number>();
  for (const log of logs) for (const [day, count] of log.days) days.set(day, (days.get(day) ?? 0) + count);
  if (days.size === 0) return [];
  const [first, last] = [...days.keys()].reduce(
    ([low, high], day) => [Math.min(low, day), Math.max(high, day)],
    [Infinity, -Infinity],
  );
  const step = Math.ceil((last - first + 1) / MOST_COLUMNS);
  const columns = new Map<number, number>();
  for (let day = first; day <= last; day += step) columns.set(day, 0);
  for (const [day, count] of days) {
    const column = first + Math.floor((day - first) / step) * step;
    columns.set(column, (columns.get(column) ?? 0) + count);
  }
  return Array.from(columns, ([day, value]) => ({ label: dateText(day), value }));
}

/** A time that no calendar has is shown as the number that it is. */
function dateText(day: number): string {
  const date = new Date(day * DAY_MS);
  return Number.isNaN(date.getTime()) ? `day ${day}` : date.toISOString().slice(0, 10);
}

function byKind(logs: readonly AuditedLog[]): Bar[] {
  const kinds = new Map<string, number>();
  for (const log of logs) for (const [kind, count] of log.kinds) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
  return Array.from(kinds, ([label, value]) => ({ label, value }));
}

function section(title: string, content: string): string {
  return `<h2>${title}</h2>${content}`;
}

/** @param rows of HTML */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`;
  return `<table><thead>${cells('th', head)}</thead><tbody>${rows.map((row) => cells('td', row)).join('')}</tbody></table>`;
}

function codeText(text: string): string {
  return `<code>${escapeHtml(text)}</code>`;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

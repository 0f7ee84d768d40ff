// Credit reports as pages: the report itself, to be printed by whoever has it, and what a scan of its code shows.
import type { OpenedReport, ReportLine } from '../../node/core/report.ts';
import type { ReportStandard } from '../../node/policy/report-standard.ts';
import type { ReportCheck } from '../api/reports.ts';
import { escapeHtml as escape } from '../html.ts';
import { page, table } from './public.ts';

const STATES: Readonly<Record<ReportCheck['state'], string>> = {
  valid: '有效 Valid: nothing in it has changed',
  stale: '信息已变更 Stale: something in it has changed, or could not be checked',
  withdrawn: '已撤回 Withdrawn by the centre that made it',
};

/** Where anybody checks a report that has been shown to them. */
export function reportCheckUrl(
  baseUrl: string,
  { member, number, digest }: { member: string; number: string; digest: string },
): string {
  return `${baseUrl}/v1/public/reports/${member}/${number}/page?digest=${digest}`;
}

export function reportCheckPage(
  { number, centre, time, state, changed, unreached, digest, log, position }: ReportCheck,
  { url, printed }: { url: string; printed: string },
): string {
  return page('信用报告核验 Check of a credit report', url, [
    `<p class="mark">${escape(STATES[state])}</p>`,
    table([
      ['报告编号 Number', number],
      ['出具单位 Made by', centre],
      ['出具时间 Made', time],
      ['已变更信息 Changed', String(changed)],
      ['未能核验信息 Not checked', String(unreached)],
      ['摘要 Digest', digest],
      ['存证 Log', `${log}, ${position}`],
    ]),
    `<footer>核验时间 Checked ${escape(printed)}。报告内容不在此显示。What the report says is not shown here.</footer>`,
  ]);
}

/** @param nameOf Chinese name of an item, and of a claim of it; undefined for claims of every record */
export function reportPage(
  { head, chapters }: OpenedReport,
  {
    url,
    centre,
    made,
    standard,
    agencyOf,
    nameOf,
  }: {
    url: string;
    centre: string;
    made: string;
    standard: ReportStandard;
    agencyOf: (member: string) => string;
    nameOf: (item: string, claim?: string) => string | undefined;
  },
): string {
  const { number, sub, sources, unreached, special } = head;
  const parts = [
    table([
      ['报告编号 Number', number],
      ['主体名称 Name', sub.name],
      ['统一社会信用代码 USCC', sub.uscc],
      ['出具单位 Made by', centre],
      ['出具时间 Made', made],
      ['报告标准 Standard', head.standard],
    ]),
  ];
  if (special)
    parts.push(
      `<h2>${special.from} 至 to ${special.to}</h2>`,
      table(
        special.fields.map(({ zh, en, records }) => [
          `${zh} ${en}`,
          records === 0 ? '无违法违规记录 No record' : `有违法违规记录 ${records} 条 records`,
        ]),
      ),
    );
  if (unreached.length > 0)
    parts.push(`<p class="mark">未能查询 Not asked: ${escape(unreached.map(agencyOf).join('、'))}</p>`);
  for (const { chapter, zh, en } of standard.chapters) {
    const lines = chapters.get(chapter);
    parts.push(`<h2>${escape(`${zh} ${en}`)}</h2>`);
    if (lines === undefined) parts.push('<p>未出示 Not shown</p>');
    else if (lines.length === 0) parts.push('<p>无 None</p>');
    else parts.push(...lines.map((line) => factTable(line, { agencyOf, nameOf })));
  }
  const anchors = sources.map(({ member, log, size, anchor }): [string, string] => [
    agencyOf(member),
    `${log}, ${size}${anchor ? ` (block ${anchor.block})` : ''}`,
  ]);
  parts.push(
    '<h2>信源 Sources</h2>',
    table(anchors),
    '<footer>本报告不评分、不评级。是否仍然有效以扫码核验结果为准。This report has no score and no grade. Whether it still holds ' +
      'is seen by scanning the code.</footer>',
  );
  return page('公共信用信息报告 Public credit report', url, parts);
}

function factTable(
  { source, item, position, status, access, claims }: ReportLine,
  {
    agencyOf,
    nameOf,
  }: { agencyOf: (member: string) => string; nameOf: (item: string, claim?: string) => string | undefined },
): string {
  const facts = Object.entries(claims).flatMap(([claim, value]): [string, string][] => {
    const name = nameOf(item, claim);
    return name === undefined || value === null ? [] : [[name, String(value)]];
  });
  return table([
    ['信息项 Item', nameOf(item) ?? item],
    ...facts,
    ['信源单位 Source', agencyOf(source)],
    ['状态 Status', status === 'objected' ? '异议处理中 An objection is open' : '有效 Live'],
    ['获取方式 Read', access === 'public' ? '主动公示 Published' : '授权查询 Under a grant'],
    ['存证 Log', `${position}`],
  ]);
}

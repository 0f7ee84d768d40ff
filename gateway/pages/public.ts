// Pages of the public register: to be printed, and read by who scans a code. No script, nothing loaded from elsewhere.
import { renderSVG } from 'uqr';
import type { Commitment, PublishedRecord } from '../api/public.ts';
import { escapeHtml as escape } from '../html.ts';

/** What such a page may do: show its own style. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const STYLE =
  'body{font:16px/1.6 "Noto Serif CJK SC","SimSun",serif;max-width:42em;margin:2em auto;padding:0 1em;color:#222}' +
  'h1{font-size:1.5em;text-align:center}table{border-collapse:collapse;width:100%}' +
  'th,td{border:1px solid #999;padding:.3em .6em;text-align:left;vertical-align:top}th{width:30%;background:#f4f4f4}' +
  '.code{float:right;width:9em;margin:0 0 1em 1em}.mark{border:2px solid #b00;color:#b00;padding:.3em .6em}' +
  'footer{font-size:.85em;color:#555;margin-top:1.5em}@media print{body{margin:0}}';

/** @param url where the record is looked up @param nameOf Chinese name of a claim; undefined for those of every record */
export function certificatePage(
  record: PublishedRecord,
  { url, printed, nameOf }: { url: string; printed: string; nameOf: (claim: string) => string | undefined },
): string {
  const { itemName, agency, publicity, objected, statement, claims, member, position, version } = record;
  const rows = Object.entries(claims).flatMap(([claim, value]): [string, string][] => {
    const name = nameOf(claim);
    return name === undefined || value === null ? [] : [[name, String(value)]];
  });
  const { until, edition, citation, unverified } = publicity;
  return page(`${itemName.zh} ${itemName.en}`, url, [
    ...(objected ? ['<p class="mark">异议处理中 An objection to this record is open</p>'] : []),
    table(rows),
    ...(statement === undefined ? [] : [`<p>信用主体陈述 Statement of the enterprise: ${escape(statement)}</p>`]),
    table([
      ['公示单位 Published by', agency],
      ['公示至 Published until', until ?? '长期 without end'],
      ['依据 Rules', `${edition} (${citation})${unverified ? ' 未核实 unverified' : ''}`],
      ['存证 Log', `${member}, ${position} (v${version})`],
    ]),
    `<footer>打印时间 Printed ${escape(printed)}。本页为打印时的公示情况,是否仍在公示以扫码查询结果为准。This page shows what was ` +
      'published when it was printed: scan the code to see whether it still is.</footer>',
  ]);
}

export function commitmentPage(
  { code, promise, publication, fulfilment, supervision }: Commitment,
  url: string,
): string {
  return page(`信用承诺 Commitment ${code}`, url, [
    '<h2>承诺 Promise</h2>',
    table([
      ['承诺人 By', `${promise.by} (${promise.subject})`],
      ['类型 Kind', promise.kind],
      ['事由 Cause', promise.cause],
      ['内容 Promise', promise.text],
      ['违诺责任 Liability', promise.liability],
      ['作出日期 Made', promise.made],
      ['有效期至 Valid to', promise.validTo ?? '长期 without end'],
    ]),
    '<h2>示诺 Publication</h2>',
    table([['存证 Proof', `${publication.member} / ${publication.record}`]]),
    '<h2>践诺 Fulfilment</h2>',
    table([
      ['履行状态 State', fulfilment.state ?? '尚未认定 not judged yet'],
      ...(fulfilment.unfulfilled === null
        ? []
        : [['未履行内容 Not fulfilled', fulfilment.unfulfilled] as [string, string]]),
      ...(fulfilment.consequence === null
        ? []
        : [['责任追究 Consequence', fulfilment.consequence] as [string, string]]),
    ]),
    '<h2>监诺 Supervision</h2>',
    table([
      ['受理单位 By', `${supervision.by} (${supervision.code})`],
      ['监管状态 State', supervision.state ?? '监管中 under supervision'],
      ['是否过期 Expired', supervision.expired ? '已过期 yes' : '未过期 no'],
    ]),
  ]);
}

/** @param url where its QR code leads to */
export function page(title: string, url: string, parts: readonly string[]): string {
  return [
    `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>${escape(title)}</title><style>${STYLE}</style></head><body>`,
    `<div class="code">${renderSVG(url, { border: 1 })}</div><h1>${escape(title)}</h1>`,
    ...parts,
    `<p>${escape(url)}</p></body></html>`,
  ].join('\n');
}

export function table(rows: readonly (readonly [string, string])[]): string {
  const cells = rows.map(([name, value]) => `<tr><th>${escape(name)}</th><td>${escape(value)}</td></tr>`);
  return `<table>${cells.join('')}</table>`;
}

// What a file's sender should know of how it was read, in words.
import type { Remark } from '../workbook/source-row.ts';

export function describeRemark({ code, sheet, count = 0, lines = [], texts = [] }: Remark): string {
  const where = sheet === undefined ? '' : `sheet ${sheet}: `;
  const listed = `${texts.join(', ')}${count > texts.length ? ', …' : ''}`;
  const at = `line ${lines.join(', ')}${count > lines.length ? ', …' : ''}`;
  return `${where}${WORDS[code]({ count, listed, at })}`;
}

const WORDS: Record<Remark['code'], (told: { count: number; listed: string; at: string }) => string> = {
  'hidden-sheet': () => 'it is hidden, and was not read 隐藏的工作表,未读取',
  'no-table': () => 'no table was found on it, and nothing of it was read 未找到数据表,未读取',
  'hidden-rows': ({ count, at }) => `${count} hidden rows were read as all others 隐藏的行照常读取 (${at})`,
  'hidden-columns': ({ listed }) => `hidden columns were read as all others 隐藏的列照常读取: ${listed}`,
  'left-out': ({ count, at, listed }) =>
    `${count} rows that are notes were left out 备注、合计行未读取 (${at}): ${listed}`,
  'repeated-heading': ({ count, at }) => `${count} repeated headings were left out 重复的表头未读取 (${at})`,
  merged: ({ count, at }) => `${count} rows got the value of a merged cell 合并单元格按同值读取 (${at})`,
  masked: ({ count, listed }) => `${count} cells with numbers of persons were masked 已遮盖个人号码: ${listed}`,
  'ignored-columns': ({ listed }) => `columns that are not sent 未报送的列: ${listed}`,
  macros: () => 'its macros were not run 宏未执行',
  'external-links': () => 'its links to other files were not followed 外部链接未读取',
};

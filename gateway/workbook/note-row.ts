// Rows of a sheet that are none of its table: totals, who filled it in, what is to be heeded.
import type { CatalogueItem } from '../../node/policy/pack.ts';
import type { Column } from './headings.ts';
import type { SheetRow } from './sheet.ts';

const NOTE =
  /^[\s(（【[]*(?:合\s*计|总\s*计|小\s*计|共\s*计|本页(?:合计|小计)|填\s*[报表写]\s*[人单时日]|制\s*表|审\s*核|复\s*核|经\s*办|负\s*责\s*人|分管领导|联\s*系\s*(?:人|电\s*话|方式)|电\s*话|报\s*送|上\s*报|单\s*位\s*[(（:：盖]|日\s*期\s*[:：]|时\s*间\s*[:：]|备?\s*注\s*[:：1-9]|说\s*明|注意|提示|以上|以下|共\s*\d+\s*[条行户家项]|第\s*\d+\s*页|示例|样例|此行|——|end)/i;

/** What a template says of a column, below its heading: VARCHAR(200), 必填. */
const HINT =
  /^(?:(?:var)?char2?|decimal|numeric|number|date(?:time)?|int(?:eger)?|text|string|字符型?|文本|日期型?|数值型?|必填项?|选填项?|非必填|是|否|[YN])(?:\s*[(（].*[)）])?$/i;

/** Whether a cell can be what tells a row: a code has digits. */
const MAY_BE_CODE = /[0-9０-９]{4}/;

/**
 * Whether a row without a code and a document is a note. A row with one cell is; with more, its first words must say
 * so, or most of its cells what the columns are. Whatever else stands in a table is a row, and is judged as one.
 */
export function isNote({ cells }: SheetRow, columns: readonly (Column | undefined)[], item: CatalogueItem): boolean {
  let filled = 0;
  let first: string | undefined;
  let told = false;
  let hints = 0;
  let named = 0;
  for (const [i, cell] of cells.entries()) {
    const text = cell?.text.trim() ?? '';
    if (text === '') continue;
    first ??= text;
    named++;
    if (HINT.test(text)) hints++;
    const field = columns[i]?.field;
    if (field !== undefined) filled++;
    if (field === item.subject && MAY_BE_CODE.test(text) && !NOTE.test(text)) return false;
    if (field === item.document && !NOTE.test(text)) told = true;
  }
  if (first === undefined) return false;
  if (hints * 2 > named) return true;
  return NOTE.test(first) ? !told || filled <= 2 : filled <= 1 && !told;
}

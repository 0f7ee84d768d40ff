// Workbooks that are read whole: those of old programs, and what calls itself one.
import { readFile } from 'node:fs/promises';
import * as SheetJs from '@e965/xlsx';
import { encodeGb18030 } from '../../../../scripts/samples/gb18030.ts';
import { company, licence, type Row } from '../../rows.ts';
import { licences, namesOf, plainTable, xk, type ExpectedRow, type UglyFile } from './case.ts';

const three = licences({}, {}, {});
const at = (line: number, i: number, change: Row = {}): ExpectedRow => ({ at: `许可!${line}`, as: licence(i, change) });
const column = (name: string): number => namesOf(xk).indexOf(name);

/** Cells for SheetJS: rows of text, some with cells of their own. */
function bookOf(rows: unknown[][], change: (sheet: SheetJs.WorkSheet, book: SheetJs.WorkBook) => void = () => {}) {
  const book = SheetJs.utils.book_new();
  const sheet = SheetJs.utils.aoa_to_sheet(rows);
  SheetJs.utils.book_append_sheet(book, sheet, '许可');
  change(sheet, book);
  return book;
}

function write(book: SheetJs.WorkBook, bookType: SheetJs.BookType): Uint8Array {
  const bytes: ArrayBuffer = SheetJs.write(book, { type: 'array', bookType });
  return new Uint8Array(bytes);
}

const titled = (rows: readonly Row[]): unknown[][] => [['行政许可公示表'], ...plainTable(xk, rows)] as unknown[][];

/** Dates as serial numbers, a number as a number, a code as a spreadsheet rounds it, a formula. */
const mixed = () =>
  bookOf(titled([1, 2, 3, 4].map((i) => licence(i))), (sheet) => {
    const set = (name: string, line: number, cell: SheetJs.CellObject) => {
      sheet[SheetJs.utils.encode_cell({ r: line - 1, c: column(name) })] = cell;
    };
    set('XK_JDRQ', 3, { t: 'n', v: 46_113, z: 'yyyy/m/d' });
    set('XK_ZT', 3, { t: 'n', v: 1 });
    set('XK_XDR_SHXYM', 4, { t: 'n', v: 913_209_041_000_000_000, z: '0' });
    set('XK_NR', 5, { t: 's', v: '预包装食品销售', f: 'A1&""' });
    set('XK_XKLB', 6, { t: 'e', v: 42 });
    sheet['!merges'] = [{ s: { r: 0, c: 0 }, e: { r: 0, c: 5 } }];
  });

const mixedRows: ExpectedRow[] = [
  at(3, 1),
  { at: '许可!4', faults: ['XK_XDR_SHXYM: rounded'] },
  at(5, 3),
  { at: '许可!6', faults: ['XK_XKLB: cell-error'] },
];

const page = (charset: string): string => {
  const [head = [], ...rows] = plainTable(xk, three) as string[][];
  const cell = (text: string | undefined): string => `<td x:str>${text ?? ''}</td>`;
  return `<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta http-equiv="Content-Type" content="text/html; charset=${charset}"></head><body><table border="1"><tr><td colspan="${head.length}">公示表</td></tr><tr>${head
    .map((text) => `<th>${text}</th>`)
    .join('')}</tr>${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n')}</table></body></html>`;
};

/** Saved by LibreOffice 7.4 from a workbook of `makeXlsx`: a title, a hidden row, column and sheet, a date, a total. */
const fixture = (name: string): Promise<Uint8Array> => readFile(new URL(`../fixtures/${name}`, import.meta.url));
const fixtureCases = ['libreoffice.xls', 'libreoffice.xlsx'].map((name): UglyFile => ({
  what: 'a workbook of another program',
  name,
  bytes: () => fixture(name),
  rows: [at(3, 1), at(4, 2, { XK_YXQZI: '长期' }), { at: '许可!5', faults: ['XK_XDR_SHXYM: rounded'] }],
  remarks: ['hidden-sheet 旧 1', 'hidden-rows 许可 1', 'left-out 许可 1', 'hidden-columns 许可 1'],
}));

export const wholeCases: UglyFile[] = [
  ...fixtureCases,
  { what: 'an .xls workbook', name: 'old.xls', bytes: () => write(mixed(), 'biff8'), rows: mixedRows },
  { what: 'a workbook of WPS, .et', name: 'wps.et', bytes: () => write(mixed(), 'biff8'), rows: mixedRows },
  { what: 'an .et file that is a package', name: 'new.et', bytes: () => write(mixed(), 'xlsx'), rows: mixedRows },
  {
    what: 'an .xls workbook under the ending .xlsx',
    name: 'renamed.xlsx',
    bytes: () => write(mixed(), 'biff8'),
    rows: mixedRows,
  },
  { what: 'an XML spreadsheet of 2003', name: 'xml.xls', bytes: () => write(mixed(), 'xlml'), rows: mixedRows },
  {
    what: 'an .xls workbook that counts days from 1904',
    name: 'mac.xls',
    bytes: () =>
      write(
        bookOf(titled([licence(1)]), (sheet, book) => {
          sheet[SheetJs.utils.encode_cell({ r: 2, c: column('XK_JDRQ') })] = {
            t: 'n',
            v: 46_113 - 1462,
            z: 'yyyy/m/d',
          };
          book.Workbook = { WBProps: { date1904: true } };
        }),
        'biff8',
      ),
    rows: [at(3, 1)],
  },
  {
    what: 'a page that a program named .xls, in GBK',
    name: 'page.xls',
    bytes: () => encodeGb18030(page('gb2312')),
    rows: [3, 4, 5].map((line, i) => ({ at: `Sheet1!${line}`, as: licence(i + 1) })),
  },
  {
    what: 'a page in UTF-8 that says nothing of it, whose codes are digits alone',
    name: 'digits.xls',
    bytes: () => new TextEncoder().encode(page('').replace(' charset=', '')),
    rows: [3, 4, 5].map((line, i) => ({ at: `Sheet1!${line}`, as: licence(i + 1) })),
  },
  {
    what: 'codes as long numbers in an .xls workbook, one of which checks by chance',
    name: 'chance.xls',
    bytes: () =>
      write(
        bookOf(plainTable(xk, [licence(1)]) as unknown[][], (sheet) => {
          const v = Number(company(1));
          sheet[SheetJs.utils.encode_cell({ r: 1, c: column('XK_XDR_SHXYM') })] = { t: 'n', v };
        }),
        'biff8',
      ),
    rows: [{ at: '许可!2', faults: ['XK_XDR_SHXYM: rounded'] }],
  },
];

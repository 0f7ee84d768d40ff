// Text files of cells.
import { csvLine } from '../../../../gateway/cli/csv-line.ts';
import { encodeGb18030 } from '../../../../scripts/samples/gb18030.ts';
import { licence, type Row } from '../../rows.ts';
import { headings, licences, namesOf, plainTable, xk, type ExpectedRow, type UglyFile } from './case.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const three = licences({}, {}, {});
const table = (rows: readonly Row[]): string[][] =>
  plainTable(xk, rows).map((row) => (row as (string | undefined)[]).map((cell) => cell ?? ''));
const csv = (rows: readonly string[][]): string => rows.map(csvLine).join('');
const at = (line: number, i: number): ExpectedRow => ({ at: line, as: licence(i) });
const width = namesOf(xk).length;
const padded = (...cells: string[]): string[] => Array.from({ length: width }, (_, i) => cells[i] ?? '');

export const textCases: UglyFile[] = [
  {
    what: 'a CSV file with a byte order mark',
    name: 'bom.csv',
    bytes: () => utf8(`\uFEFF${csv(table(three))}`),
    rows: [at(2, 1), at(3, 2), at(4, 3)],
  },
  {
    what: 'CSV in the encoding of Chinese Windows, under the ending .xls',
    name: 'gbk.xls',
    bytes: () => encodeGb18030(csv(table(three))),
    rows: [at(2, 1), at(3, 2), at(4, 3)],
  },
  {
    what: 'CSV that was saved from a sheet with a title, notes, and blank rows',
    name: 'sheet.csv',
    bytes: () =>
      utf8(csv([padded('行政许可信息公示表'), padded(), ...table(three), padded(), padded('填报人：', '王五')])),
    rows: [at(4, 1), at(5, 2), at(6, 3)],
    remarks: ['left-out  1'],
  },
  {
    what: 'CSV with a title of one cell',
    name: 'short-title.csv',
    bytes: () => utf8(`行政许可信息公示表\r\n填报日期,2026年4月\r\n${csv(table(three))}`),
    rows: [at(4, 1), at(5, 2), at(6, 3)],
  },
  {
    what: 'text with tabs in UTF-16, as Excel saves Unicode text',
    name: 'unicode.txt',
    bytes: () => {
      const text = table(three)
        .map((row) => `${row.join('\t')}\r\n`)
        .join('');
      return Buffer.from(`\uFEFF${text}`, 'utf16le');
    },
    rows: [at(2, 1), at(3, 2), at(4, 3)],
  },
  {
    what: 'CSV with semicolons',
    name: 'semicolons.csv',
    bytes: () =>
      utf8(
        table(three)
          .map((row) => `${row.join(';')}\n`)
          .join(''),
      ),
    rows: [at(2, 1), at(3, 2), at(4, 3)],
  },
  {
    what: 'codes and numbers that a spreadsheet broke before it saved CSV',
    name: 'broken.csv',
    bytes: () =>
      utf8(
        csv(
          table(
            licences(
              { XK_XDR_SHXYM: '9.13209E+17' },
              { XK_XDR_SHXYM: '913209041000000000' },
              { XK_JDRQ: '########' },
              { XK_XKLB: '#N/A' },
              { XK_XDR_SHXYM: `\t${String(licence(5)['XK_XDR_SHXYM'])}` },
              { XK_JDRQ: '46113' },
            ),
          ),
        ),
      ),
    rows: [
      { at: 2, faults: ['XK_XDR_SHXYM: rounded'] },
      { at: 3, faults: ['XK_XDR_SHXYM: rounded'] },
      { at: 4, faults: ['XK_JDRQ: cell-error'] },
      { at: 5, faults: ['XK_XKLB: cell-error'] },
      at(6, 5),
      { at: 7, faults: ['XK_JDRQ: date'] },
    ],
  },
  {
    what: 'codes behind an apostrophe, and in ="…", as programs write them for spreadsheets',
    name: 'apostrophe.csv',
    bytes: () => {
      const quoted = (i: number): string => `="${String(licence(i)['XK_XDR_SHXYM'])}"`;
      return utf8(
        `sep=,\r\n${csv(
          table(
            licences(
              { XK_XDR_SHXYM: `'${String(licence(1)['XK_XDR_SHXYM'])}`, XK_WSH: "'大市监许〔2026〕1号" },
              { XK_XDR_SHXYM: quoted(2) },
              { XK_JDRQ: "'2026-04-01" },
            ),
          ),
        )}`,
      );
    },
    rows: [at(3, 1), at(4, 2), at(5, 3)],
  },
  {
    what: 'CSV whose rows a stray quote or too few cells break',
    name: 'rows.csv',
    bytes: () => {
      const [head = '', first = '', second = '', third = ''] = table(three).map(csvLine);
      return utf8(`${head}${first}"${second}zu,kurz\r\n${third}`);
    },
    rows: [at(2, 1), { at: 3, faults: ['undefined: quote'] }, { at: 4, faults: ['undefined: cells'] }, at(5, 3)],
  },
  {
    what: 'CSV with a column twice, of one value and of two',
    name: 'twice.csv',
    bytes: () => {
      const again = ['许可编号', 'JY1', 'JY9', ''];
      return utf8(csv(table(three).map((row, i) => row.concat(again[i] ?? ''))));
    },
    rows: [at(2, 1), { at: 3, faults: ['XK_XKBH: twice'] }, at(4, 3)],
  },
  {
    what: 'NDJSON with a broken line',
    name: 'rows.ndjson',
    bytes: () => utf8(`${JSON.stringify(licence(1))}\n{"a":\n\n${JSON.stringify(licence(2))}`),
    rows: [at(1, 1), { at: 2, faults: ['undefined: json'] }, at(4, 2)],
  },
  {
    what: 'CSV of headings alone',
    name: 'headings.csv',
    bytes: () => utf8(csvLine(headings(xk))),
    rows: [],
  },
];

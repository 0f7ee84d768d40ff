// Workbooks that can only be read whole: BIFF in a compound file (.xls of Excel 97 to 2003, .et of WPS), XML spreadsheets
// of 2003, and the tables of web pages that programs name .xls. Of SheetJS's own, none of this is held to a bound: one
// damaged byte in a hundred files makes it loop until memory is full. So it is run apart, and ended where it does not end.
import * as SheetJs from '@e965/xlsx';
import * as codePages from '@e965/xlsx/dist/cpexcel.full.mjs';
import { malformed, XinlianError } from '../../node/core/errors.ts';
import { numberCell, numberFormat, type NumberFormat } from './number-format.ts';
import type { Cell, SheetRow } from './sheet.ts';
import type { WholeRequest, WholeSheet, WholeWorkbook } from './whole.ts';

const OPTIONS = {
  dense: true,
  cellNF: true,
  cellHTML: false,
  cellText: false,
  cellFormula: true,
  cellStyles: true,
} as const;

/** Throws `MALFORMED` for what is no workbook, is damaged or encrypted. */
export function parseWhole({ kind, bytes, encoding }: WholeRequest): WholeWorkbook {
  if (kind === 'markup') {
    const text = new TextDecoder(encoding).decode(bytes);
    // What looks like a number stays as it was written: codes have 18 digits.
    return workbookOf(
      parse(() => SheetJs.read(text, { ...OPTIONS, type: 'string', raw: true })),
      [],
    );
  }
  const names = compoundNames(bytes);
  if (names.some((name) => /EncryptedPackage$/i.test(name))) encrypted();
  if (!names.some((name) => /\/(?:Workbook|Book)$/i.test(name))) {
    malformed('file', 'a workbook (.xlsx, .xls, .et), CSV or NDJSON', 'a compound file of another program');
  }
  SheetJs.set_cptable(codePages);
  const unread = names.some((name) => /VBA/i.test(name)) ? (['macros'] as const) : [];
  return workbookOf(
    parse(() => SheetJs.read(bytes, { ...OPTIONS, type: 'array' })),
    [...unread],
  );
}

function compoundNames(bytes: Uint8Array): string[] {
  const { FullPaths: names } = parse((): { FullPaths: string[] } => SheetJs.CFB.read(bytes, { type: 'array' }));
  return names;
}

function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (/password|encrypt/i.test(reason)) encrypted();
    const details = { what: 'workbook', wanted: 'a whole file: it is damaged, or was cut off', got: reason };
    throw new XinlianError('MALFORMED', details, { cause: error });
  }
}

function encrypted(): never {
  return malformed('workbook', 'one without a password', 'one that is encrypted');
}

function workbookOf(book: SheetJs.WorkBook, unread: WholeWorkbook['unread']): WholeWorkbook {
  const date1904 = book.Workbook?.WBProps?.date1904 === true;
  const sheets = book.SheetNames.flatMap((name, i): WholeSheet[] => {
    const sheet = book.Sheets[name] as SheetJs.DenseWorkSheet | undefined;
    if (!sheet || (sheet['!type'] !== undefined && sheet['!type'] !== 'sheet')) return [];
    const merges: readonly SheetJs.Range[] = sheet['!merges'] ?? [];
    const columns: readonly (SheetJs.ColInfo | undefined)[] = sheet['!cols'] ?? [];
    return [
      {
        name,
        hidden: (book.Workbook?.Sheets?.[i]?.Hidden ?? 0) !== 0,
        merges: merges.map(({ s, e }) => ({ top: s.r + 1, left: s.c, bottom: e.r + 1, right: e.c })),
        hiddenColumns: columns.flatMap((column, c) => (column?.hidden === true ? [c] : [])),
        rows: rowsOf(sheet, date1904),
      },
    ];
  });
  return { sheets, date1904, unread };
}

function rowsOf(sheet: SheetJs.DenseWorkSheet, date1904: boolean): SheetRow[] {
  const formats = new Map<string, NumberFormat>();
  const formatOf = (code: string): NumberFormat => {
    let format = formats.get(code);
    if (!format) formats.set(code, (format = numberFormat(-1, code)));
    return format;
  };
  const infos: readonly (SheetJs.RowInfo | undefined)[] = sheet['!rows'] ?? [];
  return sheet['!data'].flatMap((found: readonly (SheetJs.CellObject | undefined)[] | undefined, index): SheetRow[] => {
    const cells: (Cell | undefined)[] = [];
    for (const [column, cell] of (found ?? []).entries()) {
      const read = cell && cellOf(cell, formatOf, date1904);
      if (read) cells[column] = read;
    }
    if (cells.length === 0) return [];
    return [{ line: index + 1, cells, hidden: infos[index]?.hidden === true }];
  });
}

function cellOf(
  { t, v, f, w, z }: SheetJs.CellObject,
  formatOf: (code: string) => NumberFormat,
  date1904: boolean,
): Cell | undefined {
  if (v === undefined && f !== undefined) return { kind: 'uncomputed', text: '' };
  if (v === undefined || v === '') return undefined;
  switch (t) {
    case 'n':
      return numberCell(String(v), formatOf(typeof z === 'string' ? z : 'General'), date1904);
    case 'b':
      return { kind: 'text', text: v === true ? 'TRUE' : 'FALSE' };
    case 'e':
      return { kind: 'text', text: w ?? ERRORS[Number(v)] ?? '#ERROR!' };
    case 'd':
      return v instanceof Date ? { kind: 'date', text: v.toISOString().slice(0, 10) } : undefined;
    default:
      return { kind: 'text', text: String(v) };
  }
}

/** BErr of [MS-XLS] 2.5.10. */
const ERRORS: Readonly<Record<number, string>> = {
  0: '#NULL!',
  7: '#DIV/0!',
  15: '#VALUE!',
  23: '#REF!',
  29: '#NAME?',
  36: '#NUM!',
  42: '#N/A',
  43: '#GETTING_DATA',
};

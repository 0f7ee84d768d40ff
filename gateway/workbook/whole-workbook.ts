// Workbooks that can only be read whole: BIFF in a compound file (.xls of Excel 97 to 2003, .et of WPS), XML spreadsheets
// of 2003, and the tables of web pages that programs name .xls. SheetJS reads them.
import * as SheetJs from '@e965/xlsx';
import * as codePages from '@e965/xlsx/dist/cpexcel.full.mjs';
import { malformed, XinlianError } from '../../node/core/errors.ts';
import { numberCell, numberFormat, type NumberFormat } from './number-format.ts';
import type { SourceBlob } from './package.ts';
import type { Cell, Sheet, SheetRow, Workbook } from './sheet.ts';

/** What is read takes some ten times its size in memory. A sheet of .xls has 65,536 rows at most. */
export const MAX_WHOLE = 24 * 1024 * 1024;
const ROWS_AT_ONCE = 256;

/** Reads a compound file. Throws `MALFORMED`, `TOO_LARGE`. */
export async function openCompound(blob: SourceBlob): Promise<Workbook> {
  const bytes = await held(blob);
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

/** Reads an XML spreadsheet of 2003, or the tables of a page. Throws as `openCompound`. */
export async function openMarkup(blob: SourceBlob, encoding: string): Promise<Workbook> {
  const text = new TextDecoder(encoding).decode(await held(blob));
  // What looks like a number stays as it was written: codes have 18 digits.
  return workbookOf(
    parse(() => SheetJs.read(text, { ...OPTIONS, type: 'string', raw: true })),
    [],
  );
}

const OPTIONS = {
  dense: true,
  cellNF: true,
  cellHTML: false,
  cellText: false,
  cellFormula: true,
  cellStyles: true,
} as const;

async function held(blob: SourceBlob): Promise<Uint8Array> {
  if (blob.size > MAX_WHOLE) {
    const what = 'workbook that cannot be streamed (save it as .xlsx)';
    throw new XinlianError('TOO_LARGE', { what, limit: MAX_WHOLE, got: blob.size });
  }
  return new Uint8Array(await blob.arrayBuffer());
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

function workbookOf(book: SheetJs.WorkBook, unread: Workbook['unread']): Workbook {
  const date1904 = book.Workbook?.WBProps?.date1904 === true;
  const sheets = book.SheetNames.flatMap((name, i): Sheet[] => {
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
        rows: () => rowsOf(sheet, date1904),
      },
    ];
  });
  return { sheets, date1904, unread };
}

async function* rowsOf(
  sheet: SheetJs.DenseWorkSheet,
  date1904: boolean,
): AsyncGenerator<{ rows: SheetRow[]; read: number }, void, void> {
  const formats = new Map<string, NumberFormat>();
  const formatOf = (code: string): NumberFormat => {
    let format = formats.get(code);
    if (!format) formats.set(code, (format = numberFormat(-1, code)));
    return format;
  };
  const infos: readonly (SheetJs.RowInfo | undefined)[] = sheet['!rows'] ?? [];
  let rows: SheetRow[] = [];
  for (const [index, found] of sheet['!data'].entries()) {
    const cells: (Cell | undefined)[] = [];
    for (const [column, cell] of (found ?? []).entries()) {
      const read = cell && cellOf(cell, formatOf, date1904);
      if (read) cells[column] = read;
    }
    if (cells.length > 0) rows.push({ line: index + 1, cells, hidden: infos[index]?.hidden === true });
    if (rows.length >= ROWS_AT_ONCE) {
      yield { rows, read: 0 };
      rows = [];
    }
  }
  yield { rows, read: 0 };
}

function cellOf(
  { t, v, f, w, z }: SheetJs.CellObject,
  formatOf: (code: string) => NumberFormat,
  date1904: boolean,
): Cell | undefined {
  if (v === undefined || v === '')
    return f !== undefined && v === undefined ? { kind: 'uncomputed', text: '' } : undefined;
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

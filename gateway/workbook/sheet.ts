// What a workbook is to those who look for tables in it: sheets, which are streams of rows of cells.
import type { RowFault } from '../../node/core/messages/publish.ts';

export type CellKind =
  | 'text'
  /** A number, in plain digits; in E notation from 10^15 on, where a spreadsheet has rounded it. */
  | 'number'
  /** YYYY-MM-DD, with a time behind it where it has one; a time alone is HH:MM:SS. */
  | 'date'
  /** A formula whose value was never computed: the text is empty. Formulas are never evaluated here. */
  | 'uncomputed';

export interface Cell {
  kind: CellKind;
  text: string;
}

export interface SheetRow {
  /** From 1, as the spreadsheet counts; of a text file, the physical line. */
  line: number;
  /** By column, from 0; holes where there is nothing. */
  cells: (Cell | undefined)[];
  hidden: boolean;
  /** What is wrong with it where it cannot be cut into cells. */
  fault?: RowFault;
}

/** Cells that show one value, that of the first: rows from 1, columns from 0, both ends included. */
export interface Merge {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

export interface Sheet {
  name: string;
  /** Not shown to whoever opens the workbook. */
  hidden: boolean;
  merges: readonly Merge[];
  /** Columns that are not shown, from 0: complete once the first row is read. */
  hiddenColumns: readonly number[];
  /** Rows that have a cell, from the top; more than once. `read`: bytes of the file that were read for it. */
  rows(): AsyncGenerator<{ rows: SheetRow[]; read: number }, void, void>;
}

export interface Workbook {
  sheets: readonly Sheet[];
  /** Whether days are counted from 1904. */
  date1904: boolean;
  /** What there is in it that is not read: macros, links to other files. */
  unread: readonly ('macros' | 'external-links')[];
}

/** Number and letters of a cell, as the spreadsheet names it: (27, 2) is AB2… of column 27, row 2. */
export function cellName(column: number, line: number): string {
  return `${columnLetters(column)}${line}`;
}

export function columnLetters(column: number): string {
  let letters = '';
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCodePoint(65 + ((rest - 1) % 26)) + letters;
  }
  return letters;
}

/** Column (from 0) and row (from 1) of a name; undefined for what is none. */
export function parseCellName(name: string): { column: number; line: number } | undefined {
  const match = /^\$?([A-Z]{1,3})\$?(\d{1,7})$/.exec(name);
  if (!match) return undefined;
  let column = 0;
  for (const letter of match[1] ?? '') column = column * 26 + (letter.codePointAt(0) ?? 0) - 64;
  return { column: column - 1, line: Number(match[2]) };
}

/** Of a range as A1:B2; undefined for what is none. */
export function parseRange(range: string): Merge | undefined {
  const [from, to] = range.split(':').map(parseCellName);
  return from && to && { top: from.line, left: from.column, bottom: to.line, right: to.column };
}

// What is wrong with the rows of a file: for a clerk's spreadsheet, for a program, for the screen.
import { extname } from 'node:path';
import { malformed } from '../../node/core/errors.ts';
import { cellName } from '../workbook/sheet.ts';
import { csvLine } from './csv-line.ts';
import type { LineOutcome } from './publish-file.ts';
import { TextFile } from './text-file.ts';

/** A fault of a row that was rejected, or a warning of one that was taken. */
export interface Issue {
  kind: 'rejected' | 'warning';
  /** Ordinal of the row in the file, from 1. */
  row: number;
  /** Of a workbook. */
  sheet?: string;
  /** Line in the sheet, or physical line of a text file where it starts. */
  line: number;
  /** In the sheet, as C12. */
  cell?: string;
  field?: string;
  /** The field's Chinese heading. */
  heading?: string;
  code: string;
  wanted: string;
  got: string;
}

/** Every fault and warning of a row. */
export function issuesOf({ row, line, table, faults = [], warnings = [] }: LineOutcome): Issue[] {
  const { item, sheet, columns } = table;
  const issue =
    (kind: Issue['kind']) =>
    ({ field, ...fault }: (typeof faults)[number]): Issue => {
      const heading = item.fields.find(({ name }) => name === field)?.zh;
      const column = sheet === undefined ? -1 : columns.findIndex((column) => column?.field === field);
      return {
        kind,
        row,
        ...(sheet !== undefined && { sheet }),
        line,
        ...(column >= 0 && { cell: cellName(column, line) }),
        ...(field !== undefined && { field }),
        ...(heading !== undefined && { heading }),
        ...fault,
      };
    };
  return [...faults.map(issue('rejected')), ...warnings.map(issue('warning'))];
}

export function describeIssue({ kind, sheet, line, cell, field, heading, code, wanted, got }: Issue): string {
  const column = [cell, field, heading].filter((part) => part !== undefined).join(' ');
  return `${sheet === undefined ? '' : `${sheet}, `}line ${line}${column === '' ? '' : `, ${column}`}: ${kind === 'warning' ? 'warning, ' : ''}${code}: wanted ${wanted}, got ${got}`;
}

const HEADER = [
  '结果 kind',
  '工作表 sheet',
  '行号 line',
  '单元格 cell',
  '序号 row',
  '字段 field',
  '名称 heading',
  '代码 code',
  '应为 wanted',
  '实为 got',
];

/** A report file, written while the issues come. */
export class ReportFile {
  readonly #file: TextFile;
  readonly #json: boolean;
  #first = true;

  /** Its ending says what it is. Throws `MALFORMED` for another than .csv or .json. */
  constructor(path: string) {
    const ending = extname(path).toLowerCase();
    if (ending !== '.csv' && ending !== '.json')
      malformed('--report', 'a file that ends in .xlsx, .csv or .json', path);
    this.#json = ending === '.json';
    this.#file = new TextFile(path);
    // Excel takes CSV for UTF-8 only behind a byte order mark.
    this.#file.write(this.#json ? '[' : `\uFEFF${csvLine(HEADER)}`);
  }

  add(issue: Issue): void {
    const { kind, sheet = '', line, cell = '', row, field = '', heading = '', code, wanted, got } = issue;
    const cells = [kind, sheet, String(line), cell, String(row), field, heading, code, wanted, got];
    this.#file.write(
      this.#json ? `${this.#first ? '\n' : ',\n'}${JSON.stringify(issue)}` : csvLine(cells.map(harmless)),
    );
    this.#first = false;
  }

  close(): void {
    if (this.#json) this.#file.write('\n]\n');
    this.#file.close();
  }
}

/** A cell that a spreadsheet would run as a formula is text. */
function harmless(cell: string): string {
  return /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
}

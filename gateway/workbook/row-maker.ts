// A row of a table as JSON, under the names of the catalogue. What cells mean is judged by the node, for every sender
// alike; here is only what the sheet knows: serial dates, formulas, units above columns, rows beside one another.
import type { RowFault } from '../../node/core/messages/publish.ts';
import type { CatalogueItem, Field } from '../../node/policy/pack.ts';
import { maskPersonal } from '../../node/policy/personal-numbers.ts';
import { createRowReader, type RowReader } from '../../node/policy/row.ts';
import { NameBook } from './name-book.ts';
import { serialText } from './number-format.ts';
import type { Cell, SheetRow } from './sheet.ts';
import type { Remarks, SourceRow, Table } from './source-row.ts';

export interface RowMakerOptions {
  /** Whether U+FFFD stands for bytes that are no text. */
  suspect: boolean;
  /** Whether numbers of persons in free text are masked before the row is sent. */
  mask: boolean;
  /** The date in China, YYYY-MM-DD. */
  today: string;
}

const REPLACEMENT = '\uFFFD';

export class RowMaker {
  readonly #options: RowMakerOptions;
  /** Whether days are counted from 1904. */
  readonly #date1904: boolean;
  readonly #remarks: Remarks;
  readonly #names = new NameBook();
  readonly #readers = new Map<CatalogueItem, RowReader>();
  readonly #fields = new Map<CatalogueItem, Map<string, Field>>();

  constructor(options: RowMakerOptions, date1904: boolean, remarks: Remarks) {
    this.#options = options;
    this.#date1904 = date1904;
    this.#remarks = remarks;
  }

  make(table: Table, { line, cells }: SheetRow): SourceRow {
    const { item, columns } = table;
    const fields = this.#fieldsOf(item);
    const row: Record<string, string> = {};
    const faults: RowFault[] = [];
    const warnings: RowFault[] = [];
    for (const [i, column] of columns.entries()) {
      const cell = cells[i];
      const field = column && fields.get(column.field);
      if (!cell || !field) continue;
      const { name } = field;
      if (cell.kind === 'uncomputed') {
        const wanted = `${field.zh}: a value: open the file in the spreadsheet, and save it again`;
        faults.push({ field: name, code: 'formula', wanted, got: 'a formula that was never computed' });
        continue;
      }
      const text = this.#textOf(cell, field, table, warnings);
      if (text === '') continue;
      const known = row[name];
      if (known !== undefined && known !== text) {
        faults.push({ field: name, code: 'twice', wanted: 'one value', got: 'two columns with two values' });
      }
      if (this.#options.suspect && text.includes(REPLACEMENT)) {
        faults.push({
          field: name,
          code: 'encoding',
          wanted: 'text in the encoding of the file',
          got: text.slice(0, 80),
        });
      }
      if (column.unit !== undefined) warnOfUnit(field, column.unit, text, warnings);
      row[name] = text;
    }
    warnings.push(...this.#names.check(item, row, line));
    const told = warnings.length > 0 ? { warnings } : {};
    if (faults.length === 0) return { table, line, json: JSON.stringify(row), ...told };
    return { table, line, faults: [...faults, ...this.#otherFaults(item, row, faults)], ...told };
  }

  #textOf({ kind, text }: Cell, field: Field, table: Table, warnings: RowFault[]): string {
    const cell = text.trim();
    if (kind === 'number' && field.type === 'date') return this.#dateOf(cell);
    if (kind === 'date' && field.type === 'text' && !field.free) {
      const wanted = `${field.zh}: text: the spreadsheet made a date of it`;
      warnings.push({ field: field.name, code: 'became-date', wanted, got: cell });
    }
    if (!this.#options.mask || field.type !== 'text' || !field.free) return cell;
    const masked = maskPersonal(cell);
    if (masked !== cell) this.#remarks.add('masked', table.sheet, { text: field.zh });
    return masked;
  }

  /** A number in a column of dates: 20260401, or days since 1900 where the cell's format says nothing. */
  #dateOf(text: string): string {
    const value = Number(text);
    if (/^(?:19|20)\d{6}$/.test(text) || value < FIRST_SERIAL) return text;
    return serialText(value, this.#date1904) ?? text;
  }

  /** What else is wrong with a row that is not sent, so that all of it can be mended at once. */
  #otherFaults(item: CatalogueItem, row: Record<string, string>, faults: readonly RowFault[]): RowFault[] {
    let reader = this.#readers.get(item);
    if (!reader) this.#readers.set(item, (reader = createRowReader(item)));
    const result = reader(row, this.#options.today);
    if (result.ok) return [];
    const told = new Set(faults.map(({ field }) => field));
    return result.faults.filter(({ field }) => field === undefined || !told.has(field));
  }

  #fieldsOf(item: CatalogueItem): Map<string, Field> {
    let fields = this.#fields.get(item);
    if (!fields) this.#fields.set(item, (fields = new Map(item.fields.map((field) => [field.name, field]))));
    return fields;
  }
}

/** 1949-10-01: a smaller number in a column of dates is a year, or a mistake. */
const FIRST_SERIAL = 18_172;

/** Amounts are never scaled: where the heading names another unit than the standard, each is told. */
function warnOfUnit(field: Field, unit: string, text: string, warnings: RowFault[]): void {
  if (field.type !== 'decimal' || field.unit === undefined || field.unit === unit) return;
  const wanted = `${field.zh}: an amount in ${field.unit}; the heading says ${unit}`;
  warnings.push({ field: field.name, code: 'unit', wanted, got: text });
}

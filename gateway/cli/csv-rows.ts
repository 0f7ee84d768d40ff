// Rows of a CSV file as JSON lines, under the names of the catalogue.
import { malformed } from '../../node/core/errors.ts';
import type { RowFault } from '../../node/core/messages/publish.ts';
import type { Catalogue, CatalogueItem } from '../../node/policy/pack.ts';
import { checkColumns, columnsOf, detectItem } from './columns.ts';
import { CsvReader, type CsvRow } from './csv-reader.ts';

/** A row as it is sent, or what keeps it from being sent. */
export type SourceRow =
  | {
      /** Physical line in the file where it starts, from 1. */
      line: number;
      json: string;
    }
  | { line: number; faults: RowFault[] };

/** Reads a file's text piece by piece. */
export interface RowReader {
  /** Of the rows; undefined before the first. */
  readonly item: CatalogueItem | undefined;
  /** Headings that are no field of the item; their cells are not sent. */
  readonly ignored: readonly string[];
  push(text: string): SourceRow[];
  end(): SourceRow[];
}

export interface RowReaderOptions {
  catalogue: Catalogue;
  /** Code of the item, where it is not to be told from the columns. */
  item?: string | undefined;
  /** Whether U+FFFD stands for bytes that are no text. */
  suspect: boolean;
}

const REPLACEMENT = '\uFFFD';

export class CsvRows implements RowReader {
  readonly #options: RowReaderOptions;
  readonly #reader = new CsvReader();
  #columns: (string | undefined)[] = [];
  item: CatalogueItem | undefined;
  ignored: readonly string[] = [];

  constructor(options: RowReaderOptions) {
    this.#options = options;
  }

  /** @throws MALFORMED for a header that fits no item, or lacks a column that every row must have */
  push(text: string): SourceRow[] {
    return this.#take(this.#reader.push(text));
  }

  /** @throws MALFORMED as `push`, and for a file without a header */
  end(): SourceRow[] {
    const rows = this.#take(this.#reader.end());
    if (!this.item) malformed('file', 'a first row with the names of the columns', 'nothing');
    return rows;
  }

  #take(rows: readonly CsvRow[]): SourceRow[] {
    const out: SourceRow[] = [];
    for (const row of rows) {
      if ('fault' in row) {
        if (!this.item) malformed(`header (line ${row.line})`, row.fault.wanted, row.fault.got);
        out.push({ line: row.line, faults: [row.fault] });
      } else if (this.item) {
        out.push(this.#rowOf(row.line, row.cells));
      } else {
        this.#readHeader(row.cells);
      }
    }
    return out;
  }

  #readHeader(headings: readonly string[]): void {
    const { catalogue, item: wanted } = this.#options;
    const item = detectItem(headings, catalogue, wanted);
    this.#columns = columnsOf(headings, item);
    checkColumns(this.#columns, item);
    this.ignored = headings.filter((heading, i) => this.#columns[i] === undefined && heading.trim() !== '');
    this.item = item;
  }

  #rowOf(line: number, cells: readonly string[]): SourceRow {
    const row: Record<string, string> = {};
    const faults: RowFault[] = [];
    for (const [i, field] of this.#columns.entries()) {
      const cell = (cells[i] ?? '').trim();
      if (field === undefined || cell === '') continue;
      const known = row[field];
      if (known !== undefined && known !== cell) {
        faults.push({ field, code: 'twice', wanted: 'one value', got: 'two columns with two values' });
      }
      if (this.#options.suspect && cell.includes(REPLACEMENT)) {
        faults.push({ field, code: 'encoding', wanted: 'text in the encoding of the file', got: cell.slice(0, 80) });
      }
      row[field] = cell;
    }
    return faults.length > 0 ? { line, faults } : { line, json: JSON.stringify(row) };
  }
}

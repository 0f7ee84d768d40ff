// The rows of a sheet, as they stream by.
import { malformed } from '../../node/core/errors.ts';
import { GENERAL, numberCell, type NumberFormat } from './number-format.ts';
import type { Package, Part } from './package.ts';
import type { SharedStrings } from './shared-strings.ts';
import { parseCellName, type Cell, type SheetRow } from './sheet.ts';
import { unescapeText } from './text.ts';
import { isTrue, readXml, type XmlHandler } from './xml.ts';

/** Of a sheet of Excel. */
export const MAX_ROWS = 1_048_576;
export const MAX_COLUMNS = 16_384;
const MAX_TEXT = 1 << 20;

export interface SheetSource {
  source: Package;
  part: Part;
  strings: SharedStrings;
  formats: readonly NumberFormat[];
  date1904: boolean;
  /** Gets the columns that are not shown. */
  hiddenColumns: number[];
}

/** Throws `MALFORMED` for a sheet that contradicts itself, and as `Package.text`. */
export async function* readSheet(sheet: SheetSource): AsyncGenerator<{ rows: SheetRow[]; read: number }, void, void> {
  const handler = new RowHandler(sheet);
  const parser = readXml(handler);
  const { packed, bytes } = sheet.part;
  let read = 0;
  for await (const text of sheet.source.text(sheet.part, false)) {
    parser.write(text);
    read += text.length;
    yield { rows: handler.take(), read: Math.min(packed, Math.round((read / bytes) * packed)) };
  }
  parser.end();
  yield { rows: handler.take(), read: packed };
}

class RowHandler implements XmlHandler {
  readonly #sheet: SheetSource;
  #rows: SheetRow[] = [];
  #row: SheetRow | undefined;
  #line = 0;
  #column = -1;
  #type = 'n';
  #format = GENERAL;
  #formula = false;
  #hasValue = false;
  #value = '';
  /** What text belongs to: the value of a cell, or a run of an inline string. */
  #taking = false;
  #phonetic = false;

  constructor(sheet: SheetSource) {
    this.#sheet = sheet;
    sheet.hiddenColumns.length = 0;
  }

  take(): SheetRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    switch (name) {
      case 'c':
        this.#openCell(attributes);
        break;
      case 'v':
        this.#taking = this.#row !== undefined;
        this.#hasValue = true;
        break;
      case 't':
        this.#taking = this.#row !== undefined && this.#type === 'inlineStr' && !this.#phonetic;
        this.#hasValue ||= this.#taking;
        break;
      case 'f':
        this.#formula = true;
        break;
      case 'rPh':
        this.#phonetic = true;
        break;
      case 'row':
        this.#openRow(attributes);
        break;
      case 'col':
        this.#openColumns(attributes);
        break;
      default:
    }
  }

  text(text: string): void {
    if (this.#taking && this.#value.length < MAX_TEXT) this.#value += text;
  }

  close(name: string): void {
    switch (name) {
      case 'v':
      case 't':
        this.#taking = false;
        break;
      case 'c': {
        const cell = this.#cell();
        if (cell && this.#row) this.#row.cells[this.#column] = cell;
        break;
      }
      case 'rPh':
        this.#phonetic = false;
        break;
      case 'row':
        if (this.#row && this.#row.cells.length > 0) this.#rows.push(this.#row);
        this.#row = undefined;
        break;
      default:
    }
  }

  #openRow({ r, hidden }: Readonly<Record<string, string>>): void {
    const line = r === undefined ? this.#line + 1 : Number(r);
    if (!Number.isInteger(line) || line <= this.#line || line > MAX_ROWS) {
      malformed(`sheet ${this.#sheet.part.name}`, `a row behind ${this.#line}, of at most ${MAX_ROWS}`, r);
    }
    this.#line = line;
    this.#column = -1;
    this.#row = { line, cells: [], hidden: isTrue(hidden) };
  }

  #openCell({ r, t = 'n', s }: Readonly<Record<string, string>>): void {
    const column = r === undefined ? this.#column + 1 : parseCellName(r)?.column;
    if (column === undefined || column >= MAX_COLUMNS) {
      malformed(`sheet ${this.#sheet.part.name}`, `a cell in a column of at most ${MAX_COLUMNS}`, r);
    }
    this.#column = column;
    this.#type = t;
    this.#format = s === undefined ? GENERAL : (this.#sheet.formats[Number(s)] ?? GENERAL);
    this.#formula = false;
    this.#hasValue = false;
    this.#value = '';
  }

  #openColumns({ min, max, hidden }: Readonly<Record<string, string>>): void {
    if (!isTrue(hidden)) return;
    const last = Math.min(Number(max), MAX_COLUMNS);
    for (let column = Number(min); column <= last; column++) this.#sheet.hiddenColumns.push(column - 1);
  }

  #cell(): Cell | undefined {
    const value = this.#value;
    if (value === '') {
      // A formula that gives the empty text has a value, and is of the type that says so.
      const computed = this.#hasValue && this.#type === 'str';
      return this.#formula && !computed ? { kind: 'uncomputed', text: '' } : undefined;
    }
    switch (this.#type) {
      case 's':
        return textCell(this.#sheet.strings.get(Number(value)));
      case 'n':
        return numberCell(value, this.#format, this.#sheet.date1904);
      case 'b':
        return textCell(value.trim() === '1' ? 'TRUE' : 'FALSE');
      case 'd':
        return { kind: 'date', text: value.replace('T', ' ').replace(/ 00:00:00(?:\.0+)?$/, '') };
      default:
        return textCell(unescapeText(value));
    }
  }
}

function textCell(text: string): Cell | undefined {
  return text === '' ? undefined : { kind: 'text', text };
}

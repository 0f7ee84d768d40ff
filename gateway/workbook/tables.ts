// From sheets to the rows of tables: finds where tables begin, passes over what is none, and makes rows of the rest.
import { headerAt, headingsOf, type Header, type HeaderFinder } from './header.ts';
import { checkColumns, isTable, missingFields, noItem, type Column } from './headings.ts';
import { columnsBy, likelyHeader, propose, type Layouts } from './layout.ts';
import { MergedCells } from './merged-cells.ts';
import { isNote } from './note-row.ts';
import { RowMaker, type RowMakerOptions } from './row-maker.ts';
import type { Sheet, SheetRow, Workbook } from './sheet.ts';
import type { Remarks, SourceRow, Table } from './source-row.ts';

export interface TableOptions extends HeaderFinder, RowMakerOptions {
  layouts: Layouts;
}

/** So many rows that have a cell are looked through for the first heading of a sheet. */
const MOST_BEFORE_HEADING = 60;

/**
 * The rows of every table of a workbook, in order.
 * @throws MALFORMED where there is no table, or one lacks a column that every row must have: before the first row
 */
export async function* readTables(
  { sheets, date1904, unread }: Workbook,
  options: TableOptions,
  remarks: Remarks,
): AsyncGenerator<{ rows: SourceRow[]; bytesRead: number }, void, void> {
  for (const code of unread) remarks.add(code, undefined);
  const shown: { sheet: Sheet; first: FoundTable }[] = [];
  let closest: string[] = [];
  for (const sheet of sheets) {
    const found = await findFirst(sheet, options);
    if (!('table' in found)) {
      if (found.closest.length > closest.length) closest = found.closest;
      if (found.closest.length > 0) remarks.add(sheet.hidden ? 'hidden-sheet' : 'no-table', sheet.name);
    } else if (sheet.hidden) {
      remarks.add('hidden-sheet', sheet.name);
    } else {
      shown.push({ sheet, first: found });
    }
  }
  if (shown.length === 0) noItem(closest, options.catalogue);
  const maker = new RowMaker(options, date1904, remarks);
  let before = 0;
  for (const { sheet, first } of shown) {
    const reader = new TableReader(sheet, options, maker, remarks);
    reader.begin(first);
    let read = 0;
    for await (const piece of sheet.rows()) {
      read = piece.read;
      const rows: SourceRow[] = [];
      for (const row of piece.rows) await reader.push(row, rows);
      yield { rows, bytesRead: before + read };
    }
    const rows: SourceRow[] = [];
    await reader.end(rows);
    for (const column of sheet.hiddenColumns) {
      if (reader.columns[column]) remarks.add('hidden-columns', sheet.name, { text: reader.headings[column] ?? '' });
    }
    before += read;
    yield { rows, bytesRead: before };
  }
}

interface FoundTable {
  table: Table;
  /** Line of the first of its heading rows. */
  from: number;
}

/** Looks for the first table of a sheet, and decides what its columns are. */
async function findFirst(sheet: Sheet, options: TableOptions): Promise<FoundTable | { closest: string[] }> {
  let closest: string[] = [];
  let previous: SheetRow | undefined;
  let seen = 0;
  const look = async (row: SheetRow, next: SheetRow | undefined): Promise<FoundTable | undefined> => {
    const headings = headingsOf(row);
    const named = headings.filter((heading) => heading !== '');
    if (named.length > closest.length) closest = named;
    const header = headerAt(row, next, options) ?? knownHeader(headings, options) ?? likelyHeader(headings, options);
    return header && tableOf(header, row.line, next, sheet, options);
  };
  for await (const { rows } of sheet.rows()) {
    for (const row of rows) {
      if (row.fault || headingsOf(row).every((heading) => heading === '')) continue;
      const found = previous && (await look(previous, row));
      if (found) return found;
      if (++seen > MOST_BEFORE_HEADING) return { closest };
      previous = row;
    }
  }
  return (previous && (await look(previous, undefined))) ?? { closest };
}

function knownHeader(headings: string[], { layouts, catalogue, wanted }: TableOptions): Header | undefined {
  const layout = layouts.known(headings);
  const item = layout && catalogue.items().find(({ item }) => item === layout.item);
  if (!item || (wanted && wanted !== item)) return undefined;
  const columns = columnsBy(headings, layout.headings, item);
  return isTable(columns, item) ? { item, headings, columns, rows: 1 } : undefined;
}

async function tableOf(
  header: Header,
  from: number,
  next: SheetRow | undefined,
  { name }: Sheet,
  { layouts }: TableOptions,
): Promise<FoundTable> {
  const { item, headings } = header;
  const columns = await decide(header, layouts);
  checkColumns(columns, item);
  const sheet = name === '' ? undefined : name;
  return { from, table: { item, sheet, line: header.rows === 2 ? (next?.line ?? from) : from, headings, columns } };
}

async function decide({ item, headings, columns }: Header, layouts: Layouts): Promise<(Column | undefined)[]> {
  const known = layouts.known(headings);
  if (known?.item === item.item) return columnsBy(headings, known.headings, item);
  const proposals = propose(headings, columns, item);
  if (proposals.length === 0) return columns;
  const compulsory = !isTable(columns, item) || missingFields(columns, item).length > 0;
  const map = await layouts.ask(item, headings, proposals, compulsory);
  return map ? columnsBy(headings, map, item) : columns;
}

/** Reads a sheet from its first heading on. A row waits for the next: two may be a heading together. */
class TableReader {
  readonly #sheet: Sheet;
  readonly #options: TableOptions;
  readonly #maker: RowMaker;
  readonly #remarks: Remarks;
  readonly #merged: MergedCells;
  #found: FoundTable | undefined;
  #table: Table | undefined;
  #waiting: SheetRow | undefined;

  constructor(sheet: Sheet, options: TableOptions, maker: RowMaker, remarks: Remarks) {
    this.#sheet = sheet;
    this.#options = options;
    this.#maker = maker;
    this.#remarks = remarks;
    this.#merged = new MergedCells(sheet.merges);
  }

  get columns(): readonly (Column | undefined)[] {
    return this.#table?.columns ?? [];
  }

  get headings(): readonly string[] {
    return this.#table?.headings ?? [];
  }

  begin(found: FoundTable): void {
    this.#found = found;
  }

  async push(row: SheetRow, out: SourceRow[]): Promise<void> {
    if (this.#found) {
      if (row.line < this.#found.from) return;
      if (row.line >= this.#found.table.line) this.#enter(this.#found.table);
      return;
    }
    const waiting = this.#waiting;
    if (waiting) {
      this.#waiting = undefined;
      if (await this.#take(waiting, row, out)) return;
    }
    if (this.#mayBeHeading(row)) this.#waiting = row;
    else this.#make(row, out);
  }

  async end(out: SourceRow[]): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) await this.#take(waiting, undefined, out);
  }

  #enter(table: Table): void {
    this.#found = undefined;
    this.#table = table;
    this.#merged.skipTo(table.line);
    for (const [i, heading] of table.headings.entries()) {
      if (heading !== '' && !table.columns[i]) this.#remarks.add('ignored-columns', table.sheet, { text: heading });
    }
  }

  /** @returns whether `next` was part of a heading too */
  async #take(row: SheetRow, next: SheetRow | undefined, out: SourceRow[]): Promise<boolean> {
    const table = this.#table;
    const header = headerAt(row, next, this.#options);
    if (!header || !table) {
      this.#make(row, out);
      return false;
    }
    const two = header.rows === 2;
    const line = two ? (next?.line ?? row.line) : row.line;
    const same = (column: Column | undefined, i: number): boolean => column?.field === table.columns[i]?.field;
    if (header.item === table.item && header.columns.every(same)) {
      // Headings are printed on every page, or stand there in letters and in Chinese.
      this.#remarks.add('repeated-heading', table.sheet, { line });
      this.#merged.skipTo(line);
    } else {
      this.#enter((await tableOf(header, row.line, next, this.#sheet, this.#options)).table);
    }
    return two;
  }

  #mayBeHeading({ cells, fault }: SheetRow): boolean {
    const { columns = [], item } = this.#table ?? {};
    if (fault || !item) return false;
    const subject = columns.findIndex((column) => column?.field === item.subject);
    return !/\d/.test(cells[subject]?.text ?? '');
  }

  #make(row: SheetRow, out: SourceRow[]): void {
    const table = this.#table;
    if (!table) return;
    const { line } = row;
    if (row.fault) {
      out.push({ table, line, faults: [row.fault] });
      return;
    }
    const text = firstText(row);
    if (text === '') return;
    if (isNote(row, table.columns, table.item)) {
      this.#remarks.add('left-out', table.sheet, { line, text });
      return;
    }
    if (this.#merged.fill(row)) this.#remarks.add('merged', table.sheet, { line });
    if (row.hidden) this.#remarks.add('hidden-rows', table.sheet, { line });
    out.push(this.#maker.make(table, row));
  }
}

function firstText({ cells }: SheetRow): string {
  const first = cells.find((cell) => cell !== undefined && (cell.text.trim() !== '' || cell.kind === 'uncomputed'));
  return first === undefined ? '' : first.text.trim().slice(0, 40) || '(formula)';
}

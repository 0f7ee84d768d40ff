// Rows of an NDJSON file: one JSON object a line, sent as it stands.
import { malformed } from '../../node/core/errors.ts';
import type { RowFault } from '../../node/core/messages/publish.ts';
import type { Catalogue } from '../../node/policy/pack.ts';
import { maskPersonal } from '../../node/policy/personal-numbers.ts';
import { MAX_ROW_LENGTH } from './csv-reader.ts';
import { detectItem } from './headings.ts';
import type { SourceRow, SourceRows, Table } from './source-row.ts';
import type { TextPieces } from './text-sheet.ts';

export interface NdjsonOptions {
  catalogue: Catalogue;
  /** Code of the item, where it is not to be told from the members of the first row. */
  item: string | undefined;
  /** Whether U+FFFD stands for bytes that are no text. */
  suspect: boolean;
  /** Whether numbers of persons in free text are masked before the row is sent. */
  mask: boolean;
}

/** @throws MALFORMED where the members of the first row fit no item, and for a file without rows */
export async function* readNdjson(text: TextPieces, options: NdjsonOptions): SourceRows {
  const reader = new NdjsonReader(options);
  let read = 0;
  for await (const { text: piece, bytesRead } of text) {
    read = bytesRead;
    yield { rows: reader.push(piece), bytesRead };
  }
  yield { rows: reader.end(), bytesRead: read };
}

const REPLACEMENT = '\uFFFD';
/** Broken lines before the first row, from which it is told what they are about. */
const MOST_HELD = 1_000;

type Line = { line: number } & ({ json: string } | { faults: RowFault[] });

class NdjsonReader {
  readonly #options: NdjsonOptions;
  #table: Table | undefined;
  #held: Line[] = [];
  /** Names of members whose text may be masked. */
  #free = new Set<string>();
  #text = '';
  #line = 1;
  /** Inside a line that is too long to be held: it is passed over. */
  #skipping = false;

  constructor(options: NdjsonOptions) {
    this.#options = options;
  }

  push(text: string): SourceRow[] {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    const rows = lines.flatMap((line) => this.#take(line));
    if (this.#text.length > MAX_ROW_LENGTH) {
      if (!this.#skipping) rows.push(tooLong(this.#line));
      this.#skipping = true;
      this.#text = '';
    }
    return this.#ofTable(rows);
  }

  end(): SourceRow[] {
    const rows = this.#ofTable(this.#take(this.#text));
    if (this.#held.length > 0) malformed('file', 'a row from which to tell what it is about', 'none');
    if (!this.#table) malformed('file', 'a JSON object a line', 'nothing');
    return rows;
  }

  #ofTable(rows: Line[]): SourceRow[] {
    const table = this.#table;
    if (table) return [...this.#held.splice(0), ...rows].map((row) => Object.assign(row, { table }));
    this.#held.push(...rows);
    if (this.#held.length > MOST_HELD) malformed('file', 'a row from which to tell what it is about', 'none');
    return [];
  }

  #take(text: string): Line[] {
    const line = this.#line++;
    if (this.#skipping) {
      this.#skipping = false;
      return [];
    }
    const json = text.trim();
    if (json === '') return [];
    if (text.length > MAX_ROW_LENGTH) return [tooLong(line)];
    if (this.#options.suspect && json.includes(REPLACEMENT)) {
      const wanted = 'text in the encoding of the file';
      return [{ line, faults: [{ code: 'encoding', wanted, got: 'bytes that are none' }] }];
    }
    const row = parseObject(json);
    if (!row) {
      return [{ line, faults: [{ code: 'json', wanted: 'a JSON object, one a line', got: json.slice(0, 80) }] }];
    }
    if (!this.#table) this.#open(Object.keys(row));
    return [{ line, json: this.#options.mask ? this.#masked(row, json) : json }];
  }

  #open(names: string[]): void {
    const item = detectItem(names, this.#options.catalogue, this.#options.item);
    this.#table = { item, sheet: undefined, line: 0, headings: [], columns: [] };
    const free = item.fields.filter((field) => field.type === 'text' && field.free);
    this.#free = new Set(free.flatMap(({ name, zh, aliases = [] }) => [name, zh].concat(aliases)));
  }

  #masked(row: Record<string, unknown>, json: string): string {
    let changed = false;
    for (const [name, value] of Object.entries(row)) {
      if (typeof value !== 'string' || !this.#free.has(name.trim())) continue;
      row[name] = maskPersonal(value);
      changed ||= row[name] !== value;
    }
    return changed ? JSON.stringify(row) : json;
  }
}

function tooLong(line: number): Line {
  const wanted = `a row of at most ${MAX_ROW_LENGTH} characters`;
  return { line, faults: [{ code: 'size', wanted, got: 'more' }] };
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // the row is told as one that is no JSON
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

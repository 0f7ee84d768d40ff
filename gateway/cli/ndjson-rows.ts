// Rows of an NDJSON file: one JSON object a line, sent as it stands.
import { malformed } from '../../node/core/errors.ts';
import type { CatalogueItem } from '../../node/policy/pack.ts';
import { detectItem } from './columns.ts';
import { MAX_ROW_LENGTH } from './csv-reader.ts';
import type { RowReader, RowReaderOptions, SourceRow } from './csv-rows.ts';

const REPLACEMENT = '\uFFFD';

export class NdjsonRows implements RowReader {
  readonly #options: RowReaderOptions;
  readonly ignored: readonly string[] = [];
  item: CatalogueItem | undefined;
  #text = '';
  #line = 1;
  /** Inside a line that is too long to be held: it is passed over. */
  #skipping = false;

  constructor(options: RowReaderOptions) {
    this.#options = options;
  }

  /** @throws MALFORMED where the members of the first row fit no item */
  push(text: string): SourceRow[] {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    const rows = lines.flatMap((line) => this.#take(line));
    if (this.#text.length > MAX_ROW_LENGTH) {
      if (!this.#skipping) rows.push(tooLong(this.#line));
      this.#skipping = true;
      this.#text = '';
    }
    return rows;
  }

  /** @throws MALFORMED as `push`, and for a file without rows */
  end(): SourceRow[] {
    const rows = this.#take(this.#text);
    if (!this.item) malformed('file', 'a JSON object a line', 'nothing');
    return rows;
  }

  #take(text: string): SourceRow[] {
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
    this.item ??= detectItem(Object.keys(row), this.#options.catalogue, this.#options.item);
    return [{ line, json }];
  }
}

function tooLong(line: number): SourceRow {
  const wanted = `a row of at most ${MAX_ROW_LENGTH} characters`;
  return { line, faults: [{ code: 'size', wanted, got: 'more' }] };
}

function parseObject(json: string): object | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined; // the row is told as one that is no JSON
  }
}

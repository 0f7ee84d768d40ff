// The rows of a file in chunks, each row with where it stands in the file.
import { utf8 } from '../../node/core/bytes.ts';
import type { RowFault } from '../../node/core/messages/publish.ts';
import { CHUNK_BYTES, MAX_LINE_BYTES } from '../api/limits.ts';
import { LineCutter, type LineChunk } from '../publish/line-cutter.ts';
import type { SourceRow, Table } from '../workbook/source-row.ts';

/** So many broken rows end a chunk too: a file of nothing else must not pile up in memory. */
const MOST_FAULTS = 1_000;

/** Where a row stands in its file, and what the reader knows of it. */
export interface ChunkRow {
  table: Table;
  line: number;
  /** Of a row that the reader had to turn away: it is not among the pieces. */
  faults?: RowFault[];
  warnings?: RowFault[];
}

export interface FileChunk {
  /** NDJSON; none where every row of it is broken: then there is nothing to send. */
  pieces: readonly Uint8Array[];
  /** In the order of the file. */
  rows: ChunkRow[];
}

/**
 * Cuts rows into chunks, as a stream of them is cut. The cuts MUST depend on the rows alone: a file that is sent again
 * goes on where it stopped only where its chunks are the same.
 */
export class Chunker {
  readonly #cutter = new LineCutter({ chunkBytes: CHUNK_BYTES, maxLineBytes: MAX_LINE_BYTES });
  /** Rows that are in no chunk yet; a broken one has no bytes. */
  #held: { row: ChunkRow; bytes: number }[] = [];
  #broken = 0;

  /** @returns the chunks that `row` completes */
  *add(row: SourceRow): Generator<FileChunk, void, void> {
    const { table, line, warnings } = row;
    const source = { table, line, ...(warnings && { warnings }) };
    if ('faults' in row) {
      this.#held.push({ row: { ...source, faults: row.faults }, bytes: 0 });
      if (++this.#broken >= MOST_FAULTS) yield this.#chunk(this.#cutter.end());
      return;
    }
    const bytes = utf8(`${row.json}\n`);
    if (bytes.length > MAX_LINE_BYTES) {
      const fault = { code: 'size', wanted: `a row of at most ${MAX_LINE_BYTES} bytes`, got: `${bytes.length} bytes` };
      yield* this.add({ ...source, faults: [fault] });
      return;
    }
    this.#held.push({ row: source, bytes: bytes.length });
    for (const cut of this.#cutter.push(bytes)) yield this.#chunk(cut);
  }

  /** The rest, when there are no more rows. */
  end(): FileChunk | undefined {
    return this.#held.length > 0 ? this.#chunk(this.#cutter.end()) : undefined;
  }

  #chunk({ pieces, length }: LineChunk = { pieces: [], length: 0 }): FileChunk {
    let left = length;
    let taken = 0;
    for (; taken < this.#held.length; taken++) {
      const { bytes } = this.#held[taken] ?? { bytes: 0 };
      if (bytes > left) break;
      left -= bytes;
    }
    const rows = this.#held.slice(0, taken).map(({ row }) => row);
    this.#held = this.#held.slice(taken);
    this.#broken -= rows.filter(({ faults }) => faults).length;
    return { pieces, rows };
  }
}

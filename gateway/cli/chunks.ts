// The rows of a file in chunks, each row with its line in the file.
import { utf8 } from '../../node/core/bytes.ts';
import type { RowFault } from '../../node/core/messages/publish.ts';
import { CHUNK_BYTES, MAX_LINE_BYTES } from '../api/limits.ts';
import { LineCutter, type LineChunk } from '../publish/line-cutter.ts';
import type { SourceRow } from './csv-rows.ts';

/** So many broken rows end a chunk too: a file of nothing else must not pile up in memory. */
const MOST_FAULTS = 1_000;

/** What the reader had to turn away itself. */
export interface BrokenRow {
  line: number;
  faults: RowFault[];
}

export interface FileChunk {
  /** NDJSON; none where every row of it is broken: then there is nothing to send. */
  pieces: readonly Uint8Array[];
  /** For each row that is sent, its line in the file. */
  lines: number[];
  broken: BrokenRow[];
}

/**
 * Cuts rows into chunks, as a stream of them is cut. The cuts MUST depend on the rows alone: a file that is sent again
 * goes on where it stopped only where its chunks are the same.
 */
export class Chunker {
  readonly #cutter = new LineCutter({ chunkBytes: CHUNK_BYTES, maxLineBytes: MAX_LINE_BYTES });
  /** Rows that are in no chunk yet. */
  #held: { line: number; bytes: number }[] = [];
  #broken: BrokenRow[] = [];

  /** @returns the chunks that `row` completes */
  *add(row: SourceRow): Generator<FileChunk, void, void> {
    if ('faults' in row) {
      this.#broken.push(row);
      if (this.#broken.length >= MOST_FAULTS) yield this.#chunk(this.#cutter.end());
      return;
    }
    const bytes = utf8(`${row.json}\n`);
    if (bytes.length > MAX_LINE_BYTES) {
      const fault = { code: 'size', wanted: `a row of at most ${MAX_LINE_BYTES} bytes`, got: `${bytes.length} bytes` };
      yield* this.add({ line: row.line, faults: [fault] });
      return;
    }
    this.#held.push({ line: row.line, bytes: bytes.length });
    for (const cut of this.#cutter.push(bytes)) yield this.#chunk(cut);
  }

  /** The rest, when there are no more rows. */
  end(): FileChunk | undefined {
    return this.#held.length + this.#broken.length > 0 ? this.#chunk(this.#cutter.end()) : undefined;
  }

  #chunk({ pieces, length }: LineChunk = { pieces: [], length: 0 }): FileChunk {
    const lines: number[] = [];
    for (let left = length, row = this.#held[0]; left > 0 && row; row = this.#held[lines.length]) {
      lines.push(row.line);
      left -= row.bytes;
    }
    this.#held = this.#held.slice(lines.length);
    const chunk = { pieces, lines, broken: this.#broken };
    this.#broken = [];
    return chunk;
  }
}

// Rows in chunks of whole lines, as a submission takes them.
import type { RowFault } from '../../node/core/messages/publish.ts';
import { MAX_LINE_BYTES } from '../api/limits.ts';
import type { SourceRow } from './csv-rows.ts';

/** A chunk is sealed and worked on in one go: larger ones only make others wait. */
export const CHUNK_BYTES = 64 * 1024;

/** So many broken rows end a chunk too: a file of nothing else must not pile up in memory. */
const MOST_FAULTS = 1_000;

/** What the reader had to turn away itself. */
export interface BrokenRow {
  line: number;
  faults: RowFault[];
}

export interface Chunk {
  /** NDJSON; empty where every row of it is broken: then there is nothing to send. */
  body: Buffer;
  /** For each row of the body, its line in the file. */
  lines: number[];
  broken: BrokenRow[];
}

/**
 * Cuts rows into chunks of at most `CHUNK_BYTES`; a longer row has one of its own. The cuts MUST depend on the rows
 * alone: a file that is sent again goes on where it stopped only where its chunks are the same.
 */
export class Chunker {
  #pieces: string[] = [];
  #bytes = 0;
  #lines: number[] = [];
  #broken: BrokenRow[] = [];

  /** @returns the chunks that `row` completes */
  *add(row: SourceRow): Generator<Chunk, void, void> {
    if ('faults' in row) {
      this.#broken.push(row);
      if (this.#broken.length >= MOST_FAULTS) yield this.#cut();
      return;
    }
    const piece = `${row.json}\n`;
    const bytes = Buffer.byteLength(piece);
    if (bytes > MAX_LINE_BYTES) {
      const fault = { code: 'size', wanted: `a row of at most ${MAX_LINE_BYTES} bytes`, got: `${bytes} bytes` };
      yield* this.add({ line: row.line, faults: [fault] });
      return;
    }
    if (this.#bytes > 0 && this.#bytes + bytes > CHUNK_BYTES) yield this.#cut();
    this.#pieces.push(piece);
    this.#bytes += bytes;
    this.#lines.push(row.line);
  }

  /** The rest, when there are no more rows. */
  end(): Chunk | undefined {
    return this.#lines.length + this.#broken.length > 0 ? this.#cut() : undefined;
  }

  #cut(): Chunk {
    const chunk = { body: Buffer.from(this.#pieces.join('')), lines: this.#lines, broken: this.#broken };
    this.#pieces = [];
    this.#bytes = 0;
    this.#lines = [];
    this.#broken = [];
    return chunk;
  }
}

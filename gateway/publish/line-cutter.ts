// Cuts a stream of lines into chunks of whole lines: the one rule of gateway, client and command line.
import { XinlianError } from '../../node/core/errors.ts';

const LINE_FEED = 10;

export interface LineChunk {
  /** Views into what arrived: whole lines, in order. */
  pieces: Uint8Array[];
  /** Bytes of all pieces. */
  length: number;
}

/**
 * A chunk ends at the last line end within `chunkBytes`, or at the first one after, where a line is longer than that.
 * So the cuts depend on the content alone, not on how it arrived, and a repeated stream gives the same chunks.
 */
export class LineCutter {
  readonly #chunkBytes: number;
  readonly #maxLineBytes: number;
  #pieces: Uint8Array[] = [];
  #length = 0;
  /** End of the last whole line in what is held. */
  #lineEnd = 0;

  /** @param options.maxLineBytes at least `chunkBytes`; a line feed counts */
  constructor(options: { chunkBytes: number; maxLineBytes: number }) {
    this.#chunkBytes = options.chunkBytes;
    this.#maxLineBytes = options.maxLineBytes;
  }

  /**
   * Takes what arrived, and gives the chunks that it completes. Keeps views of `bytes`, no copy.
   * @throws TOO_LARGE for a line over the limit
   */
  *push(bytes: Uint8Array): Generator<LineChunk> {
    let rest = bytes;
    while (rest.length > 0) {
      const room = this.#chunkBytes - this.#length;
      if (room > 0) {
        const part = rest.subarray(0, room);
        const feed = part.lastIndexOf(LINE_FEED);
        if (feed >= 0) this.#lineEnd = this.#length + feed + 1;
        this.#hold(part);
        rest = rest.subarray(part.length);
      }
      if (this.#length < this.#chunkBytes) return;
      if (this.#lineEnd === 0) {
        rest = this.#fillLine(rest);
        if (this.#lineEnd === 0) return;
      }
      yield this.#cut();
    }
  }

  /** The rest, when the stream has ended. A last line without its line feed gets one. */
  end(): LineChunk | undefined {
    if (this.#length === 0) return undefined;
    if (this.#lineEnd < this.#length) this.#hold(Uint8Array.of(LINE_FEED));
    this.#checkLine();
    this.#lineEnd = this.#length;
    return this.#cut();
  }

  /** A line longer than a chunk: goes on to its end. */
  #fillLine(rest: Uint8Array): Uint8Array {
    const feed = rest.indexOf(LINE_FEED);
    const part = feed < 0 ? rest : rest.subarray(0, feed + 1);
    this.#hold(part);
    this.#checkLine();
    if (feed >= 0) this.#lineEnd = this.#length;
    return rest.subarray(part.length);
  }

  #checkLine(): void {
    const got = this.#length - this.#lineEnd;
    if (got > this.#maxLineBytes) throw new XinlianError('TOO_LARGE', { what: 'row', limit: this.#maxLineBytes, got });
  }

  #hold(piece: Uint8Array): void {
    if (piece.length > 0) this.#pieces.push(piece);
    this.#length += piece.length;
  }

  #cut(): LineChunk {
    const length = this.#lineEnd;
    const pieces: Uint8Array[] = [];
    let taken = 0;
    let kept: Uint8Array[] = [];
    for (const [i, piece] of this.#pieces.entries()) {
      if (taken + piece.length <= length) {
        pieces.push(piece);
        taken += piece.length;
        continue;
      }
      if (taken < length) pieces.push(piece.subarray(0, length - taken));
      kept = [piece.subarray(length - taken), ...this.#pieces.slice(i + 1)];
      break;
    }
    this.#pieces = kept;
    this.#length -= length;
    this.#lineEnd = 0;
    return { pieces, length };
  }
}

// The shared strings of a workbook. A large one has millions: they lie packed in scratch space, and only the blocks in
// use are in memory. Spreadsheets number strings as rows first use them, so rows in order ask for blocks in order.
import { malformed, XinlianError } from '../../node/core/errors.ts';
import type { Package, Part } from './package.ts';
import { unescapeText } from './text.ts';
import { readXml } from './xml.ts';

/** Space that is written once, from the start, and read at will: a file, or memory. */
export interface Scratch {
  append(bytes: Uint8Array): void;
  /** @param length at most what was written behind `offset` */
  read(offset: number, length: number): Uint8Array;
}

/** Where there are no files, or strings are few. */
export class MemoryScratch implements Scratch {
  #bytes = new Uint8Array(64 * 1024);
  #length = 0;

  append(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + bytes.length));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#bytes.subarray(offset, offset + length);
  }
}

const BLOCK = 64;
const MOST_BLOCKS = 64;
/** Excel holds 32,767 characters in a cell. */
const MAX_TEXT = 1 << 20;
const MAX_STRINGS = 1 << 26;
const SEPARATOR = '\u0000'; // XML has no such character

export class SharedStrings {
  readonly #scratch: Scratch;
  /** Where each block begins. */
  readonly #offsets: number[] = [0];
  /** The blocks last used; the last is the one last used. */
  readonly #blocks = new Map<number, string[]>();
  #pending: string[] = [];
  #count = 0;

  constructor(scratch: Scratch) {
    this.#scratch = scratch;
  }

  /** Reads the part. Throws as `Package.text`. */
  async read(source: Package, part: Part): Promise<void> {
    let text = '';
    let phonetic = 0;
    let within = 0;
    const parser = readXml({
      open: (name) => {
        if (name === 'si') text = '';
        else if (name === 't') within++;
        else if (name === 'rPh') phonetic++;
      },
      text: (piece) => {
        if (within > 0 && phonetic === 0 && text.length < MAX_TEXT) text += piece;
      },
      close: (name) => {
        if (name === 'si') this.#add(text);
        else if (name === 't') within--;
        else if (name === 'rPh') phonetic--;
      },
    });
    for await (const piece of source.text(part, true)) parser.write(piece);
    parser.end();
    if (this.#pending.length > 0) this.#writeBlock();
  }

  /** Throws `MALFORMED` for an index that has none. */
  get(index: number): string {
    if (!Number.isInteger(index) || index < 0 || index >= this.#count) {
      malformed('cell of the workbook', `a string of ${this.#count}`, index);
    }
    return this.#block(Math.floor(index / BLOCK))[index % BLOCK] ?? '';
  }

  #add(text: string): void {
    if (this.#count >= MAX_STRINGS) {
      throw new XinlianError('TOO_LARGE', { what: 'strings of the workbook', limit: MAX_STRINGS, got: this.#count });
    }
    this.#count++;
    this.#pending.push(unescapeText(text));
    if (this.#pending.length === BLOCK) this.#writeBlock();
  }

  #writeBlock(): void {
    const bytes = new TextEncoder().encode(this.#pending.join(SEPARATOR));
    this.#scratch.append(bytes);
    this.#offsets.push((this.#offsets.at(-1) ?? 0) + bytes.length);
    this.#pending = [];
  }

  #block(number: number): string[] {
    let block = this.#blocks.get(number);
    if (block) {
      this.#blocks.delete(number);
    } else {
      const from = this.#offsets[number] ?? 0;
      const bytes = this.#scratch.read(from, (this.#offsets[number + 1] ?? from) - from);
      block = new TextDecoder().decode(bytes).split(SEPARATOR);
      if (this.#blocks.size >= MOST_BLOCKS) {
        const [oldest] = this.#blocks.keys();
        if (oldest !== undefined) this.#blocks.delete(oldest);
      }
    }
    this.#blocks.set(number, block);
    return block;
  }
}

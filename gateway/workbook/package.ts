// An Office Open XML package: a ZIP of XML parts, read from where it lies and piece by piece.
import { BlobReader, ZipReader, type FileEntry } from '@zip.js/zip.js/lib/zip-core-native.js';
import { malformed, XinlianError } from '../../node/core/errors.ts';
import { readXml, type XmlHandler } from './xml.ts';

/** Parts that are held in memory whole: lists of sheets, relations, styles. */
const MAX_SMALL_PART = 64 * 1024 * 1024;
/** Of a part that is streamed. */
const MAX_PART = 8 * 1024 ** 3;
const MAX_ENTRIES = 10_000;
const TEXT_PIECE = 32 * 1024;
/** XML of sheets packs 10 to 40 times; what packs far better, and is large, is made to exhaust. */
const MAX_RATIO = 400;
const BOMB_FROM = 64 * 1024 * 1024;

/** What is read of a file, here and in a browser. */
export type SourceBlob = Pick<Blob, 'size' | 'slice' | 'stream' | 'arrayBuffer'>;

export interface Part {
  name: string;
  /** Bytes in the package. */
  packed: number;
  bytes: number;
  entry: FileEntry;
}

export class Package {
  readonly #parts: Map<string, Part>;

  private constructor(parts: readonly Part[]) {
    // Names are compared as Windows does: programs write xl/SharedStrings.xml, and refer to it otherwise.
    this.#parts = new Map(parts.map((part) => [part.name.toLowerCase(), part]));
  }

  /** @throws MALFORMED for what is no package, is damaged or encrypted; TOO_LARGE for what is made to exhaust */
  static async open(blob: SourceBlob): Promise<Package> {
    // The library asks for a Blob; what it uses of one is what we have.
    const reader = new ZipReader(new BlobReader(blob as Blob), { useWebWorkers: false, checkOverlappingEntry: true });
    const entries = await reader.getEntries().catch(damaged);
    if (entries.length > MAX_ENTRIES) {
      throw new XinlianError('TOO_LARGE', { what: 'parts of the workbook', limit: MAX_ENTRIES, got: entries.length });
    }
    const parts = entries.flatMap((entry): Part[] => {
      if (entry.directory) return [];
      if (entry.encrypted) malformed('workbook', 'one without a password', 'one that is encrypted');
      const { filename, compressedSize, uncompressedSize } = entry;
      const part = { name: filename.replaceAll('\\', '/'), packed: compressedSize, bytes: uncompressedSize, entry };
      checkSize(part);
      return [part];
    });
    return new Package(parts);
  }

  /** @param name with or without a slash before it */
  part(name: string): Part | undefined {
    return this.#parts.get(name.replace(/^\//, '').toLowerCase());
  }

  parts(): IterableIterator<Part> {
    return this.#parts.values();
  }

  /** Whether a part of such a name is there. */
  has(pattern: RegExp): boolean {
    return [...this.#parts.keys()].some((name) => pattern.test(name));
  }

  /**
   * The part's bytes, piece by piece.
   * @param check whether to compare their checksum, which takes a while
   */
  async *bytes({ entry }: Part, check: boolean, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
    let fail: (error: unknown) => void = () => {};
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
      { start: (controller) => (fail = (error) => controller.error(error)) },
      undefined,
      { highWaterMark: 2 },
    );
    let failure: { error: unknown } | undefined;
    const done = entry
      .getData(writable, { useWebWorkers: false, checkSignature: check, ...(signal && { signal }) })
      .catch((error: unknown) => {
        failure = { error };
        // Where the entry cannot be read at all, nothing else would end the stream.
        fail(error);
      });
    try {
      for await (const piece of readable) yield piece;
    } catch (error) {
      await done;
      damaged(failure?.error ?? error);
    }
    await done;
    if (failure) damaged(failure.error);
  }

  /** The part's text. Throws as `open`. */
  async *text(part: Part, check: boolean): AsyncGenerator<string, void, void> {
    let decoder: TextDecoder | undefined;
    for await (const piece of this.bytes(part, check)) {
      decoder ??= new TextDecoder(encodingOf(piece));
      // In small pieces, so that what is made of one is gone before the next: memory is what a large file is read for.
      for (let at = 0; at < piece.length; at += TEXT_PIECE) {
        yield decoder.decode(piece.subarray(at, at + TEXT_PIECE), { stream: true });
      }
    }
    if (decoder) yield decoder.decode();
  }

  /** Reads a part that is small enough to be held. Nothing happens where it is not there. */
  async read(name: string, handler: XmlHandler): Promise<void> {
    const part = this.part(name);
    if (!part) return;
    checkHeld(part);
    const parser = readXml(handler);
    for await (const text of this.text(part, true)) parser.write(text);
    parser.end();
  }

  /** The whole text of a small part; undefined where it is not there. */
  async whole(name: string): Promise<string | undefined> {
    const part = this.part(name);
    if (!part) return undefined;
    checkHeld(part);
    let whole = '';
    for await (const text of this.text(part, true)) whole += text;
    return whole;
  }
}

function checkSize({ name, packed, bytes }: Part): void {
  const limit = bytes > BOMB_FROM ? Math.min(MAX_PART, packed * MAX_RATIO) : MAX_PART;
  if (bytes > limit) throw new XinlianError('TOO_LARGE', { what: `${name} of the workbook`, limit, got: bytes });
}

function checkHeld({ name, bytes }: Part): void {
  if (bytes > MAX_SMALL_PART) {
    throw new XinlianError('TOO_LARGE', { what: `${name} of the workbook`, limit: MAX_SMALL_PART, got: bytes });
  }
}

function damaged(error: unknown): never {
  if (XinlianError.is(error)) throw error;
  if (error instanceof RangeError && /memory|allocation/i.test(error.message)) throw error;
  const reason = error instanceof Error ? error.message : String(error);
  const details = { what: 'workbook', wanted: 'a whole file: it is damaged, or was cut off', got: reason };
  throw new XinlianError('MALFORMED', details, { cause: error });
}

function encodingOf(piece: Uint8Array): string {
  if (piece[0] === 0xff && piece[1] === 0xfe) return 'utf-16le';
  if (piece[0] === 0xfe && piece[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

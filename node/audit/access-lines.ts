// The lines of a log that commit to an opening: receipts of accesses, and queries. Held as bytes, since there may be many.
import { XinlianError } from '../core/errors.ts';

const KINDS = ['receipt', 'query'] as const;
export type AccessKind = (typeof KINDS)[number];

/** f64 position || f64 time || u8 kind || 32 bytes commitment. */
const LINE = 8 + 8 + 1 + 32;
const FIRST_ROOM = 256 * LINE;

export interface AccessLine {
  position: number;
  /** As the entry has it, seconds since 1970. */
  time: number;
  kind: AccessKind;
  commitment: Uint8Array;
}

export class AccessLines {
  #bytes: Uint8Array;
  #used: number;

  /** @param bytes of `bytes()` */
  constructor(bytes: Uint8Array = new Uint8Array()) {
    if (bytes.length % LINE !== 0) {
      const [wanted, got] = [`${LINE} bytes each`, `${bytes.length} bytes`];
      throw new XinlianError('STORE_CORRUPT', { what: 'access lines', wanted, got });
    }
    this.#bytes = bytes;
    this.#used = bytes.length;
  }

  get length(): number {
    return this.#used / LINE;
  }

  /** Adds the next one: positions MUST ascend. */
  push({ position, time, kind, commitment }: AccessLine): void {
    if (this.#used === this.#bytes.length) {
      const grown = new Uint8Array(Math.max(FIRST_ROOM, 2 * this.#used));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    const view = viewOf(this.#bytes);
    view.setFloat64(this.#used, position);
    view.setFloat64(this.#used + 8, time);
    view.setUint8(this.#used + 16, KINDS.indexOf(kind));
    this.#bytes.set(commitment, this.#used + 17);
    this.#used += LINE;
  }

  /** By position. */
  *[Symbol.iterator](): Generator<AccessLine> {
    const view = viewOf(this.#bytes);
    for (let at = 0; at < this.#used; at += LINE) {
      yield {
        position: view.getFloat64(at),
        time: view.getFloat64(at + 8),
        kind: KINDS[view.getUint8(at + 16)] ?? 'receipt',
        commitment: this.#bytes.subarray(at + 17, at + LINE),
      };
    }
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

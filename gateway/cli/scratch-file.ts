import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scratch } from '../workbook/shared-strings.ts';

/** Scratch space on the disk. What is in it is a source's: nobody else can read it, and it goes with the process. */
export class ScratchFile implements Scratch {
  readonly #file: number;
  #length = 0;
  /** What is not written yet. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  /** Throws the system's error. */
  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'xinlian-'));
    try {
      this.#file = openSync(join(folder, 'strings'), 'wx+', 0o600);
    } finally {
      // The file is there for as long as it is open, and under no name.
      rmSync(folder, { recursive: true, force: true });
    }
  }

  append(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= HELD) this.#flush();
  }

  read(offset: number, length: number): Uint8Array {
    this.#flush();
    const bytes = new Uint8Array(length);
    let read = 0;
    while (read < length) {
      const more = readSync(this.#file, bytes, read, length - read, offset + read);
      if (more === 0) break;
      read += more;
    }
    return bytes.subarray(0, read);
  }

  close(): void {
    closeSync(this.#file);
  }

  #flush(): void {
    if (this.#heldBytes === 0) return;
    const bytes = Buffer.concat(this.#held);
    for (let written = 0; written < bytes.length;) {
      written += writeSync(this.#file, bytes, written, bytes.length - written, this.#length + written);
    }
    this.#length += bytes.length;
    this.#held = [];
    this.#heldBytes = 0;
  }
}

const HELD = 256 * 1024;

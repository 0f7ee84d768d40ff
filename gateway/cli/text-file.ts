import { closeSync, openSync, writeSync } from 'node:fs';

const HELD = 64 * 1024;

/** A file that is written in pieces. It is opened at once, so that a path that cannot be written is told at once. */
export class TextFile {
  readonly #file: number;
  #held = '';

  /** Replaces what is there. Throws the system's error. */
  constructor(path: string) {
    this.#file = openSync(path, 'w');
  }

  write(text: string): void {
    this.#held += text;
    if (this.#held.length >= HELD) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    writeSync(this.#file, this.#held);
    this.#held = '';
  }
}

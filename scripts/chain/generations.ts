// The chain on disk: whole dumps, the newest two kept. A dump is there or it is not: never half of one.
import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

const KEPT = 2;
const NAME = /^state-(\d+)\.gz$/;

const unpack = promisify(gunzip);

export class Generations {
  readonly #directory: string;
  #newest = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Numbers of what is there, newest first. */
  async list(): Promise<number[]> {
    await mkdir(this.#directory, { recursive: true });
    const names = await readdir(this.#directory);
    const numbers = names.flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
    numbers.sort((a, b) => b - a);
    this.#newest = Math.max(this.#newest, numbers[0] ?? 0);
    return numbers;
  }

  /** @returns the dump as JSON text; undefined where it is not whole */
  async read(number: number): Promise<Buffer | undefined> {
    try {
      // gzip carries a checksum and a length: a torn file does not unpack.
      const json = await unpack(await readFile(this.#path(number)));
      return json[0] === '{'.charCodeAt(0) && json.at(-1) === '}'.charCodeAt(0) ? json : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') === true) return undefined;
      throw error;
    }
  }

  /** Resolves when the dump survives a power cut. */
  async write(bytes: Uint8Array): Promise<void> {
    const number = ++this.#newest;
    const temporary = join(this.#directory, 'writing');
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.#path(number));
    const directory = await open(this.#directory, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
    for (const old of (await this.list()).slice(KEPT)) await this.remove(old);
  }

  async remove(number: number): Promise<void> {
    await rm(this.#path(number), { force: true });
  }

  #path(number: number): string {
    return join(this.#directory, `state-${String(number).padStart(9, '0')}.gz`);
  }
}

// Sealed attachments, a file each: what is read and written in place would be rewritten by LevelDB again and again.
import { randomBytes } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { XinlianError } from '../core/errors.ts';

export class AttachmentFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Makes an empty file. @returns its name, which tells nothing; durable when it resolves */
  async create(): Promise<string> {
    const name = randomBytes(16).toString('hex');
    await mkdir(this.#directory, { recursive: true });
    const file = await open(join(this.#directory, name), 'wx');
    await file.close();
    const directory = await open(this.#directory, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
    return name;
  }

  /** Durable when it resolves. */
  async write(name: string, offset: number, bytes: Uint8Array): Promise<void> {
    const file = await open(join(this.#directory, name), 'r+');
    try {
      let written = 0;
      while (written < bytes.length) {
        written += (await file.write(bytes, written, bytes.length - written, offset + written)).bytesWritten;
      }
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  /** Throws `STORE_CORRUPT` where the file is shorter, or gone. */
  async read(name: string, offset: number, length: number): Promise<Uint8Array> {
    const corrupt = (got: string, cause?: unknown) =>
      new XinlianError(
        'STORE_CORRUPT',
        { what: `attachment ${name}`, wanted: `${length} bytes at ${offset}`, got },
        { cause },
      );
    const file = await open(join(this.#directory, name), 'r').catch((cause: unknown) => {
      throw corrupt('no file', cause);
    });
    try {
      const bytes = new Uint8Array(length);
      let read = 0;
      while (read < length) {
        const { bytesRead } = await file.read(bytes, read, length - read, offset + read);
        if (bytesRead === 0) throw corrupt(`${read} bytes`);
        read += bytesRead;
      }
      return bytes;
    } finally {
      await file.close();
    }
  }
}

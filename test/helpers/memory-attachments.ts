// The bytes of attachments in memory: a real alternate of the files.
import { concat } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { AttachmentBytes } from '../../node/exchange/ports.ts';

export class MemoryAttachments implements AttachmentBytes {
  readonly files = new Map<string, Uint8Array>();

  async create(): Promise<string> {
    const name = String(this.files.size);
    this.files.set(name, new Uint8Array());
    return name;
  }

  async write(name: string, offset: number, bytes: Uint8Array): Promise<void> {
    const file = this.files.get(name);
    if (!file) throw new Error(`no file ${name}`);
    const long = concat(file, new Uint8Array(Math.max(0, offset + bytes.length - file.length)));
    long.set(bytes, offset);
    this.files.set(name, long);
  }

  async read(name: string, offset: number, length: number): Promise<Uint8Array> {
    const bytes = this.files.get(name)?.slice(offset, offset + length);
    if (bytes?.length === length) return bytes;
    const got = bytes ? `${bytes.length} bytes` : 'no file';
    throw new XinlianError('STORE_CORRUPT', {
      what: `attachment ${name}`,
      wanted: `${length} bytes at ${offset}`,
      got,
    });
  }
}

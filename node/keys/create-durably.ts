// A new file that is there whole or not at all, whatever fails when.
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { XinlianError } from '../core/errors.ts';

/**
 * Writes a file that only its owner can use, and its directory where there is none. It is linked into place rather
 * than renamed, since a rename would silently replace a file that came first.
 *
 * @throws XinlianError `CONFLICT` where the file exists
 */
export async function createDurably(path: string, text: string): Promise<void> {
  const directory = dirname(path);
  const temporary = `${path}.${randomUUID()}.tmp`;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const handle = await open(temporary, 'wx', 0o600);
  try {
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(temporary, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new XinlianError('CONFLICT', { what: 'key file', wanted: 'no file yet', got: path }, { cause });
  } finally {
    await unlink(temporary);
  }
  await syncDirectory(directory);
}

/** Makes the name as durable as the content. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

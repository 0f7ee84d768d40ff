// Writes what a member hands an auditor: a head, and a line of JSON for each opening.
import { open } from 'node:fs/promises';
import type { OpeningsHead, RecordOpeningsHead } from '../../node/core/messages/opening.ts';

/** Only its owner may read the file: it is for an auditor that is entitled to it. */
const OWN = 0o600;

interface Page<Next> {
  log: string;
  size: number;
  openings: readonly { position: number }[];
  next?: Next;
}

/** @returns how many openings there are, of how many entries of which log */
export async function writeOpenings<Next>(
  file: string,
  type: (OpeningsHead | RecordOpeningsHead)['type'],
  pageAfter: (after: Next | undefined) => Promise<Page<Next>>,
): Promise<{ count: number; size: number; log: string }> {
  let page = await pageAfter(undefined);
  // The first page's: everything below it was there when the export began.
  const { log, size } = page;
  const out = await open(file, 'w', OWN);
  let count = 0;
  try {
    await out.write(`${JSON.stringify({ type, log, size })}\n`);
    for (;;) {
      const lines = page.openings.filter(({ position }) => position < size);
      count += lines.length;
      await out.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      if (page.next === undefined) break;
      page = await pageAfter(page.next);
    }
    await out.sync();
  } finally {
    await out.close();
  }
  return { count, size, log };
}

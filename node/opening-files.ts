// Openings as members hand them over: files of `xinlian receipts export` and `xinlian records export`. What they say is proved
// by the logs, or not at all.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { HandedOpening, OpeningSource } from './audit/ports.ts';
import { utf8 } from './core/bytes.ts';
import { malformed, XinlianError } from './core/errors.ts';
import { parseLogId, type LogId } from './core/ids.ts';
import { openingsHead, recordOpeningsHead } from './core/messages/opening.ts';

/** Files of receipts and notes, by position. @throws when read: NOT_FOUND, MALFORMED */
export function openingFiles(files: readonly string[]): OpeningSource {
  return filesOf(files, { flag: '--openings', head: openingsHead, ordered: true });
}

/** Files of records, in no order. @throws as `openingFiles` */
export function recordFiles(files: readonly string[]): OpeningSource {
  return filesOf(files, { flag: '--records', head: recordOpeningsHead, ordered: false });
}

/** Answers that `xinlian open --signed` kept: one a line. @throws when read: NOT_FOUND */
export async function* answerFiles(files: readonly string[]): AsyncGenerator<string> {
  for (const file of files) for await (const line of linesOf(file)) if (line !== '') yield line;
}

interface Form {
  flag: string;
  head: { decode(bytes: Uint8Array): { log: string; size: number } };
  /** Whether positions ascend. */
  ordered: boolean;
}

function filesOf(files: readonly string[], { flag, head, ordered }: Form): OpeningSource {
  const byLog = new Map<LogId, string>();
  return {
    async logs() {
      const sizes = new Map<LogId, number>();
      for (const file of files) {
        const { log, size } = await headOf(file, head);
        if (byLog.has(log) && byLog.get(log) !== file) malformed(flag, 'one file a log', `${file} too`);
        byLog.set(log, file);
        sizes.set(log, size);
      }
      return sizes;
    },
    async *openings(log) {
      const file = byLog.get(log);
      if (file === undefined) return;
      let before = -1;
      let first = true;
      for await (const line of linesOf(file)) {
        if (first) first = false;
        else {
          const handed = parse(file, line);
          if (ordered && handed.position <= before) malformed(file, `positions after ${before}`, handed.position);
          before = handed.position;
          yield handed;
        }
      }
    },
  };
}

async function headOf(file: string, head: Form['head']): Promise<{ log: LogId; size: number }> {
  for await (const line of linesOf(file)) {
    const { log, size } = head.decode(utf8(line));
    return { log: parseLogId(log), size };
  }
  return malformed(file, 'openings', 'an empty file');
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const stream = createReadStream(file, 'utf8');
  try {
    yield* createInterface({ input: stream, crlfDelay: Infinity });
  } catch (cause) {
    throw new XinlianError('NOT_FOUND', { what: 'file of openings', id: file }, { cause });
  } finally {
    stream.destroy();
  }
}

function parse(file: string, line: string): HandedOpening {
  let value: Partial<HandedOpening> | null;
  try {
    value = JSON.parse(line) as Partial<HandedOpening> | null;
  } catch {
    return malformed(file, 'a line of JSON each', line.slice(0, 40));
  }
  const position = value?.position;
  if (!Number.isSafeInteger(position) || (position as number) < 0)
    malformed(file, 'a position in every line', position);
  return { position: position as number, opening: value?.opening };
}

// A chain on disk: a line of JSON for each block, as an engine told it. What it says is verified like an engine's word.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { ChainSource, RawBlock } from './audit/ports.ts';
import { XinlianError } from './core/errors.ts';

const HELD = 256;

/** @returns a source that also writes every block it gives to a file, in the place of what is there */
export function recording(source: ChainSource, file: string): ChainSource {
  return {
    name: source.name,
    async *blocks(from, to, signal) {
      const out = await open(file, 'w');
      try {
        const held: string[] = [];
        for await (const block of source.blocks(from, to, signal)) {
          held.push(`${JSON.stringify(block)}\n`);
          if (held.length === HELD) await out.write(held.splice(0).join(''));
          yield block;
        }
        await out.write(held.join(''));
      } finally {
        await out.close();
      }
    },
  };
}

/** A file that `recording` wrote. Its blocks follow one another; the first one may have any number. */
export function recordedChain(file: string): ChainSource {
  return {
    name: file,
    async *blocks(from, to) {
      const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
      try {
        for await (const line of lines) {
          const block = parse(file, line);
          const number = Number(block.block.number);
          if (number < from) continue;
          if (number > to) return;
          yield block;
        }
      } finally {
        lines.close();
      }
    },
  };
}

/** Number of the last block of a file. @throws MALFORMED */
export async function lastRecorded(file: string): Promise<number> {
  let last = '';
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) last = line;
  return Number(parse(file, last).block.number);
}

function parse(file: string, line: string): RawBlock {
  let value: Partial<RawBlock> | null;
  try {
    value = JSON.parse(line) as Partial<RawBlock> | null;
  } catch (cause) {
    throw new XinlianError('MALFORMED', { what: file, wanted: 'a block a line', got: line.slice(0, 80) }, { cause });
  }
  if (typeof value?.block === 'object' && typeof value.block.logsBloom === 'string') return value as RawBlock;
  throw new XinlianError('MALFORMED', { what: file, wanted: 'a block a line', got: line.slice(0, 80) });
}

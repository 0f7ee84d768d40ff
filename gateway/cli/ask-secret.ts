// Reads a line from a terminal without showing it.
import type { ReadStream } from 'node:tty';
import type { Writable } from 'node:stream';
import { XinlianError } from '../../node/core/errors.ts';

const END_OF_TEXT = '\u0003'; // Ctrl-C
const ENTER = new Set(['\r', '\n', '\u0004']); // Ctrl-D too
const RUB_OUT = new Set(['\b', '\u007f']);

/** Throws `CANCELLED` at Ctrl-C. */
export function askSecret(question: string, input: ReadStream, output: Writable): Promise<string> {
  output.write(question);
  return new Promise((resolve, reject) => {
    let typed = '';
    const end = (finish: () => void): void => {
      input.off('data', take);
      input.setRawMode(false);
      input.pause();
      output.write('\n');
      finish();
    };
    const take = (data: Buffer | string): void => {
      for (const key of data.toString()) {
        if (key === END_OF_TEXT) return end(() => reject(new XinlianError('CANCELLED', { what: question.trim() })));
        if (ENTER.has(key)) return end(() => resolve(typed));
        typed = RUB_OUT.has(key) ? typed.slice(0, -1) : typed + key;
      }
    };
    input.setRawMode(true);
    input.setEncoding('utf8');
    input.on('data', take);
    input.resume();
  });
}

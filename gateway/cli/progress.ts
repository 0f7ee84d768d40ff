// How far a file is: a bar on a terminal, a line now and then elsewhere.
import { Presets, SingleBar } from 'cli-progress';
import type { Terminal } from './terminal.ts';

const LINE_EVERY_MS = 5_000;

export interface Progress {
  /**
   * @param done of the total: for a file, its bytes that were read, and whose rows were answered
   * @param count of what is counted beside it
   */
  update(done: number, count: number): void;
  stop(): void;
}

/** @param what is counted beside the total */
export function createProgress(
  total: number,
  terminal: Pick<Terminal, 'stderr' | 'say'>,
  what: 'rows' | 'entries' | 'MiB' = 'rows',
): Progress {
  return terminal.stderr.isTTY ? bar(total, terminal, what) : lines(total, terminal, what);
}

function bar(total: number, { stderr }: Pick<Terminal, 'stderr'>, what: string): Progress {
  const format = `{bar} {percentage} %  {count} ${what}  {duration_formatted}, {eta_formatted} to go`;
  const single = new SingleBar({ format, stream: stderr, hideCursor: true }, Presets.shades_classic);
  single.start(total, 0, { count: 0 });
  return {
    update: (done, count) => single.update(done, { count }),
    stop: () => single.stop(),
  };
}

function lines(total: number, { say }: Pick<Terminal, 'say'>, what: string): Progress {
  let told = performance.now();
  return {
    update(done, count) {
      const now = performance.now();
      if (now - told < LINE_EVERY_MS) return;
      told = now;
      say(`${Math.floor((100 * done) / Math.max(total, 1))} %, ${count} ${what}`);
    },
    stop: () => {},
  };
}

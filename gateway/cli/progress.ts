// How far a file is: a bar on a terminal, a line now and then elsewhere.
import { Presets, SingleBar } from 'cli-progress';
import type { Terminal } from './terminal.ts';

const LINE_EVERY_MS = 5_000;

export interface Progress {
  /** @param done bytes of the file that were read, and whose rows were answered */
  update(done: number, rows: number): void;
  stop(): void;
}

export function createProgress(total: number, terminal: Pick<Terminal, 'stderr' | 'say'>): Progress {
  return terminal.stderr.isTTY ? bar(total, terminal) : lines(total, terminal);
}

function bar(total: number, { stderr }: Pick<Terminal, 'stderr'>): Progress {
  const format = '{bar} {percentage} %  {rows} rows  {duration_formatted}, {eta_formatted} to go';
  const single = new SingleBar({ format, stream: stderr, hideCursor: true }, Presets.shades_classic);
  single.start(total, 0, { rows: 0 });
  return {
    update: (done, rows) => single.update(done, { rows }),
    stop: () => single.stop(),
  };
}

function lines(total: number, { say }: Pick<Terminal, 'say'>): Progress {
  let told = performance.now();
  return {
    update(done, rows) {
      const now = performance.now();
      if (now - told < LINE_EVERY_MS) return;
      told = now;
      say(`${Math.floor((100 * done) / Math.max(total, 1))} %, ${rows} rows`);
    },
    stop: () => {},
  };
}

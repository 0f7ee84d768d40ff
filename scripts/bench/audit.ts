// A whole audit of data on disk: a million entries under ten thousand events, and a tenth of both beside it.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeHistory } from './audit/make.ts';

const RUN = fileURLToPath(new URL('audit/run.ts', import.meta.url));
const LARGE = { entries: 1_000_000, events: 10_000 };
const SMALL = { entries: 100_000, events: 1_000 };

interface Measured {
  seconds: number;
  cpuSeconds: number;
  maxRssMiB: number;
  events: number;
  entries: number;
}

export async function run(): Promise<Record<string, unknown>> {
  // The small one before and after: whatever else the machine does has less of a say in the ratio.
  const before = await measure(SMALL);
  const large = await measure(LARGE);
  const after = await measure(SMALL);
  const small = {
    seconds: (before.seconds + after.seconds) / 2,
    cpuSeconds: (before.cpuSeconds + after.cpuSeconds) / 2,
    maxRssMiB: Math.max(before.maxRssMiB, after.maxRssMiB),
  };
  return {
    seconds: Number(large.seconds.toFixed(1)),
    maxRssMiB: Math.round(large.maxRssMiB),
    growth: Number((large.seconds / small.seconds).toFixed(2)),
    cpuSeconds: Number(large.cpuSeconds.toFixed(1)),
    cpuGrowth: Number((large.cpuSeconds / small.cpuSeconds).toFixed(2)),
    entries: large.entries,
    events: large.events,
    entriesPerSecond: Math.round(large.entries / large.seconds),
    smallSeconds: Number(small.seconds.toFixed(2)),
    smallMaxRssMiB: Math.round(small.maxRssMiB),
  };
}

async function measure(size: { entries: number; events: number }): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), 'xinlian-bench-'));
  try {
    console.error(`making ${size.entries} entries and ${size.events} events`);
    const { contracts, chain, mirror } = await makeHistory(directory, size);
    const file = join(directory, 'contracts.json');
    await writeFile(file, JSON.stringify(contracts));
    const { stdout } = await promisify(execFile)(process.execPath, [RUN, file, chain, mirror]);
    const measured = JSON.parse(stdout) as Measured;
    console.error(`${measured.seconds.toFixed(1)} s, ${Math.round(measured.maxRssMiB)} MiB`);
    return measured;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

// Reading files of sources: rows a second and the most memory taken, of a large XLSX workbook and, in the same run, of the
// same rows as CSV. Each is read in a process of its own, as the command line reads it. Nothing is sent.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { keepHeapLean } from '../../gateway/cli/lean-heap.ts';
import { openSource } from '../../gateway/cli/source-file.ts';
import { NO_LAYOUTS } from '../../gateway/workbook/layout.ts';
import { malformed } from '../../node/core/errors.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { utf8 } from '../../node/core/bytes.ts';
import { sampleFile, sampleRows } from '../generate.ts';
import { writeSharedWorkbook } from '../samples/workbook.ts';

/** XINLIAN_BENCH_ROWS sets another number; a sheet has 1,048,575 at most. */
const ROWS = 500_000;

interface Reading {
  rows: number;
  seconds: number;
  maxRssMiB: number;
}

export async function run(): Promise<Record<string, unknown>> {
  const rows = Number(process.env['XINLIAN_BENCH_ROWS'] ?? ROWS);
  const folder = await mkdtemp(join(tmpdir(), 'xinlian-bench-'));
  try {
    const options = { rows, seed: 1, item: 'xk' } as const;
    const paths = { xlsx: join(folder, 'a.xlsx'), csv: join(folder, 'a.csv') };
    console.error(`writing ${rows} rows`);
    await writeSharedWorkbook(builtInCatalogue.item('xk'), () => sampleRows(options), {
      scratch: join(folder, 'strings'),
      sink: Writable.toWeb(createWriteStream(paths.xlsx)),
    });
    const pieces = Readable.from(
      (function* () {
        for (const text of sampleFile({ ...options, format: 'csv' })) yield utf8(text);
      })(),
    );
    await pipeline(pieces, createWriteStream(paths.csv));
    const xlsx = await readApart(paths.xlsx);
    console.error(`XLSX: ${JSON.stringify(xlsx)}`);
    const csv = await readApart(paths.csv);
    console.error(`CSV: ${JSON.stringify(csv)}`);
    const perSecond = ({ rows, seconds }: Reading): number => Math.round(rows / seconds);
    return {
      rows,
      xlsxMB: Math.round((await stat(paths.xlsx)).size / 1e6),
      csvMB: Math.round((await stat(paths.csv)).size / 1e6),
      xlsxRowsPerSecond: perSecond(xlsx),
      csvRowsPerSecond: perSecond(csv),
      ratioToCsv: Number((perSecond(xlsx) / perSecond(csv)).toFixed(3)),
      xlsxMaxRssMiB: xlsx.maxRssMiB,
      csvMaxRssMiB: csv.maxRssMiB,
      rssRatioToCsv: Number((xlsx.maxRssMiB / csv.maxRssMiB).toFixed(3)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readApart(path: string): Promise<Reading> {
  const child = spawn(process.execPath, [import.meta.filename, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) malformed(`reading ${path}`, 'an end', `exit code ${String(code)}`);
  return JSON.parse(output) as Reading;
}

async function read(path: string): Promise<Reading> {
  const began = performance.now();
  const source = await openSource(path, { mask: false, layouts: NO_LAYOUTS, clock: Date });
  let rows = 0;
  for await (const piece of source.rows()) rows += piece.rows.length;
  await source.close();
  const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
  return { rows, seconds, maxRssMiB: Math.round((await mostMemoryKiB()) / 1024) };
}

/** Of this process. What the system counts for a child begins with what its parent had. */
async function mostMemoryKiB(): Promise<number> {
  const status = process.platform === 'linux' ? await readFile('/proc/self/status', 'utf8') : '';
  return Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS);
}

if (import.meta.main) {
  keepHeapLean();
  console.log(JSON.stringify(await read(process.argv[2] ?? '')));
}

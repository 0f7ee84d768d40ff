import { createReadStream, existsSync } from 'node:fs';
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { BatchJobs, type PreparedJob } from '../../client/jobs.ts';
import { retry } from '../../client/retry.ts';
import { addMemberFlags, openMember, type ConnectionFlags } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

/** How long it goes on trying where gateway or node are away: they may be restarted meanwhile. */
const PATIENCE_MS = 120_000;

/** Some grants do not stand, or some rows could not be read. */
const PARTIAL = 2;

export function addJob(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const job = program
    .command('job')
    .summary('check a whole file of grants, as a bank 批量核验授权')
    .description(
      'Checks up to 100,000 grants at your own node, and writes the result file, row by row. What is cut off goes on where ' +
        'it was when the same command is given again.\n一次核验至多十万条授权,生成结果文件;中断后重发同一命令即可续作。',
    )
    .argument('<rows>', 'NDJSON; or CSV (*.csv) with the headings grant, items, purpose, region')
    .requiredOption('--out <file>', 'result file, in the format of the rows');
  job.addHelpText('after', '\nExit code: 0 every grant stands; 2 some do not, or some rows are bad; 1 failure.');
  addMemberFlags(job).action(async (rows: string, flags: ConnectionFlags & { out: string }) =>
    exit(await run(rows, flags, terminal)),
  );
}

async function run(rows: string, flags: ConnectionFlags & { out: string }, terminal: Terminal): Promise<number> {
  const { id, client, keys } = await openMember(flags, terminal);
  const wait = terminal.wait ?? sleep;
  const jobs = new BatchJobs({ member: id }, { client, signer: keys.client, clock: Date, wait });
  const { out } = flags;
  const kept = `${out}.job`;
  const going = existsSync(kept);
  const prepared = going
    ? (JSON.parse(await readFile(kept, 'utf8')) as PreparedJob)
    : await jobs.prepare(/\.csv$/i.test(rows) ? 'csv' : 'ndjson');
  if (going) terminal.say(`going on with job ${prepared.job}, kept in ${kept}`);
  else await writeFile(kept, `${JSON.stringify(prepared)}\n`, { mode: 0o600 });

  const { signal } = terminal;
  const patiently = <T>(action: () => Promise<T>): Promise<T> =>
    retry(action, {
      patienceMs: PATIENCE_MS,
      signal,
      wait: terminal.wait,
      onRetry: (_, waitMs) => terminal.say(`not reached; trying again in ${(waitMs / 1000).toFixed(1)} s`),
    });
  await patiently(() => jobs.send(prepared, createReadStream(rows), signal));
  const ended = await patiently(() =>
    jobs.ended(prepared, (now) => terminal.say(`${now.rows} of ${now.received} rows`), signal),
  );
  await patiently(() => write(jobs, prepared, out));
  await rm(kept);
  const { job, state, rows: judged, ok, refused, bad, sha256 } = ended;
  terminal.out(JSON.stringify({ job, state, rows: judged, ok, refused, bad, sha256, out }));
  return state === 'done' && refused + bad === 0 ? 0 : PARTIAL;
}

/** Under another name first: a file of the name is whole. */
async function write(jobs: BatchJobs, prepared: PreparedJob, out: string): Promise<void> {
  const partial = `${out}.part`;
  const file = await open(partial, 'w', 0o600);
  try {
    for await (const text of jobs.result(prepared)) await file.write(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, out);
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}

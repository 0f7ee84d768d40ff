import { createReadStream, existsSync } from 'node:fs';
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { BatchJobs, type PreparedJob } from '../../client/jobs.ts';
import { Grantee, type ProviderOutcome } from '../../client/grantee.ts';
import { retry } from '../../client/retry.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { heldView, QueryFiles } from '../job-queries.ts';
import { addMemberFlags, openMember, type ConnectionFlags } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

/** How long it goes on trying where gateway or node are away: they may be restarted meanwhile. */
const PATIENCE_MS = 120_000;

/** Some grants do not stand, or some rows could not be read. */
const PARTIAL = 2;

export function addJob(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const job = program
    .command('job')
    .summary('check a whole file of grants, or ask under them, as a bank 批量核验、批量查询')
    .description(
      'Checks up to 100,000 grants at your own node, and writes the result file, row by row. What is cut off goes on where ' +
        'it was when the same command is given again.\n一次核验至多十万条授权,生成结果文件;中断后重发同一命令即可续作。',
    )
    .argument('<rows>', 'NDJSON of checks; or CSV (*.csv) with the headings grant, items, purpose, region')
    .requiredOption('--out <file>', 'result file, in the format of the rows')
    .option(
      '--queries',
      'the rows are queries to be run: NDJSON {"grant": …, "items"?: […], "providers"?: […]} 批量查询',
      false,
    );
  job.addHelpText(
    'after',
    '\nExit code: 0 every grant stands, or every provider answered; 2 some do not, or some rows are bad; 1 failure.',
  );
  addMemberFlags(job).action(async (rows: string, flags: JobFlags) => exit(await run(rows, flags, terminal)));
}

interface JobFlags extends ConnectionFlags {
  out: string;
  queries: boolean;
}

async function run(rows: string, flags: JobFlags, terminal: Terminal): Promise<number> {
  const { id, client, keys, sealed } = await openMember(flags, terminal);
  const wait = terminal.wait ?? sleep;
  const jobs = new BatchJobs({ member: id }, { client, signer: keys.client, clock: Date, wait });
  const { out } = flags;
  const queries = flags.queries
    ? new QueryFiles(
        { rows, out },
        new Grantee(
          { member: id, sealingKey: keys.sealing.publicKey },
          {
            client,
            signer: keys.client,
            view: heldView((members) => sealed.view(members)),
            names: (item, edition) => builtInCatalogue.names(item, edition),
            clock: Date,
          },
        ),
      )
    : undefined;
  const kept = `${out}.job`;
  const going = existsSync(kept);
  const prepared = going
    ? (JSON.parse(await readFile(kept, 'utf8')) as PreparedJob)
    : await jobs.prepare(!queries && /\.csv$/i.test(rows) ? 'csv' : 'ndjson', queries ? 'queries' : 'checks');
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
  await patiently(() => jobs.send(prepared, queries ? queries.stream() : createReadStream(rows), signal));
  const ended = await patiently(() =>
    jobs.ended(prepared, (now) => terminal.say(`${now.rows} of ${now.received} rows`), signal),
  );
  await patiently(() => write(queries ? opened(queries, jobs.result(prepared)) : jobs.result(prepared), out));
  await queries?.remove();
  await rm(kept);
  const { job, state, rows: judged, ok, refused, bad, sha256 } = ended;
  terminal.out(JSON.stringify({ job, state, rows: judged, ok, refused, bad, sha256, out }));
  return state === 'done' && refused + bad === 0 ? 0 : PARTIAL;
}

/** Each row as JSON, with the records of what was answered. */
async function* opened(queries: QueryFiles, result: AsyncIterable<string>): AsyncGenerator<string, void, void> {
  for await (const { providers, ...row } of queries.opened(result)) {
    yield `${JSON.stringify({ ...row, providers: providers.map(saidOf) })}\n`;
  }
}

function saidOf(one: ProviderOutcome): object {
  const { provider, outcome } = one;
  if (!('answer' in one)) return { provider, outcome, detail: one.detail };
  const { body, records } = one.answer;
  return {
    provider,
    outcome,
    ...(body.reason !== undefined && { reason: body.reason }),
    records: records.map(({ record, item, version, claims }) =>
      Object.assign({ record, item, version }, Object.fromEntries(claims)),
    ),
  };
}

/** Under another name first: a file of the name is whole. */
async function write(texts: AsyncIterable<string>, out: string): Promise<void> {
  const partial = `${out}.part`;
  const file = await open(partial, 'w', 0o600);
  try {
    for await (const text of texts) await file.write(text);
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

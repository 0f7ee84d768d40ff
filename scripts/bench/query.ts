// Queries under grants, over the public API: two providers, answers sealed and proved, receipts logged. What the bank does by
// itself is measured apart: queries are signed and sealed before the load, answers opened and verified behind it, every one.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '../sandbox/cluster.ts';
import type { GrantDocument } from '../../node/core/grant.ts';
import type { Grantee, PreparedQuery, QueryOutcome, SealedAnswers } from '../../gateway/client/grantee.ts';
import { liftRateLimits, Programs, player, taxRows } from '../sandbox/programs.ts';

const QUERIES = 3_000;
const WARM_QUERIES = 300;
const IN_FLIGHT = 16;
const GRANTS = 16;
const ONE_OFF = 10;
const ROWS = 6;
const PROVIDERS = ['dafeng', 'tax'];

export async function run(): Promise<Record<string, unknown>> {
  liftRateLimits();
  const data = await mkdtemp(join(tmpdir(), 'xinlian-bench-'));
  const cluster = await startCluster({ data, say, players: ['dafeng', 'tax', 'bank'] });
  try {
    const authorised = await Programs.open(cluster, data);
    await publish(authorised);
    const documents = (await authorised.grants(GRANTS)).map(({ document }) => document);
    const single = (await authorised.grants(ONE_OFF, { uses: 1 })).map(({ document }) => document);
    const bank = await authorised.bank();
    await untilReadable(bank, documents[0] as GrantDocument);
    say('warming up');
    await load(bank, documents, WARM_QUERIES);
    const { perSecond, p99Ms, p50Ms, bankMs } = await load(bank, documents, QUERIES);
    const oneOff: number[] = [];
    for (const document of single) oneOff.push(await timed(() => ask(bank, document)));
    await authorised.close();
    return {
      perSecond: Math.round(perSecond),
      p99Ms: Math.round(p99Ms),
      p50Ms: Math.round(p50Ms),
      bankMs: Number(bankMs.toFixed(2)),
      oneOffP50Ms: Math.round(quantile(oneOff, 0.5)),
      providers: PROVIDERS.length,
      recordsPerAnswer: ROWS,
      inFlight: IN_FLIGHT,
    };
  } finally {
    await cluster.stop();
    await rm(data, { recursive: true, force: true });
  }
}

async function publish(authorised: Programs): Promise<void> {
  for (const key of PROVIDERS) {
    const { sealed } = await authorised.program(key);
    const lines = sealed.publish(taxRows(ROWS, player(key)), { item: 'tax-payment', submission: `bench-${key}-0001` });
    for await (const line of lines) {
      if (line.type === 'row') throw new Error(`a row was rejected: ${JSON.stringify(line)}`);
    }
  }
}

/** Until the first checkpoint covers the rows. */
async function untilReadable(bank: Grantee, document: GrantDocument): Promise<void> {
  for (;;) {
    try {
      await ask(bank, document);
      return;
    } catch (error) {
      say(String(error));
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

async function ask(bank: Grantee, grant: GrantDocument): Promise<void> {
  mustHold(await bank.open(await bank.send(await prepare(bank, grant))));
}

function prepare(bank: Grantee, grant: GrantDocument): Promise<PreparedQuery> {
  return bank.prepare({ grant, providers: PROVIDERS.map((key) => player(key).id) });
}

function mustHold({ providers }: QueryOutcome): void {
  for (const one of providers) {
    const records = 'answer' in one ? one.answer.records.length : 0;
    if (one.outcome !== 'answered' || records !== ROWS) {
      const detail = 'answer' in one ? `${one.answer.body.reason}: ${one.answer.body.detail}` : one.detail;
      throw new Error(`${one.provider}: ${one.outcome}, ${records} records, ${detail}`);
    }
  }
}

interface Load {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** The bank's own time for one query: to sign and seal it, to open and verify its answers. */
  bankMs: number;
}

async function load(bank: Grantee, documents: readonly GrantDocument[], count: number): Promise<Load> {
  const began = performance.now();
  const prepared: PreparedQuery[] = [];
  for (let i = 0; i < count; i++) prepared.push(await prepare(bank, documents[i % documents.length] as GrantDocument));
  const ready = performance.now();
  const took: number[] = [];
  const answers: SealedAnswers[] = [];
  const waiting = prepared.values();
  const worker = async (): Promise<void> => {
    for (const query of waiting) took.push(await timed(async () => answers.push(await bank.send(query))));
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const sent = performance.now();
  for (const answer of answers) mustHold(await bank.open(answer));
  const opened = performance.now();
  const perSecond = count / ((sent - ready) / 1000);
  say(`${Math.round(perSecond)} queries/s`);
  const bankMs = (ready - began + opened - sent) / count;
  return { perSecond, p50Ms: quantile(took, 0.5), p99Ms: quantile(took, 0.99), bankMs };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function say(text: string): void {
  console.error(`[query] ${text}`);
}

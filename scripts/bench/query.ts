// Queries under grants, over the public API: two providers, answers sealed, proved and verified, receipts logged. The load
// generator signs and seals every query, and opens and verifies every answer, beside the servers.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '../sandbox/cluster.ts';
import type { GrantDocument } from '../../node/core/grant.ts';
import type { Grantee } from '../../gateway/client/grantee.ts';
import { liftRateLimits, Programs, player, taxRows } from '../sandbox/programs.ts';

const SECONDS = 20;
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
    await load(bank, documents, 3);
    const { perSecond, p99Ms, p50Ms } = await load(bank, documents, SECONDS);
    const oneOff: number[] = [];
    for (const document of single) oneOff.push(await timed(() => ask(bank, document)));
    await authorised.close();
    return {
      perSecond: Math.round(perSecond),
      p99Ms: Math.round(p99Ms),
      p50Ms: Math.round(p50Ms),
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
  const { providers } = await bank.ask({ grant, providers: PROVIDERS.map((key) => player(key).id) });
  for (const one of providers) {
    const records = 'answer' in one ? one.answer.records.length : 0;
    if (one.outcome !== 'answered' || records !== ROWS) {
      const detail = 'answer' in one ? `${one.answer.body.reason}: ${one.answer.body.detail}` : one.detail;
      throw new Error(`${one.provider}: ${one.outcome}, ${records} records, ${detail}`);
    }
  }
}

async function load(
  bank: Grantee,
  documents: readonly GrantDocument[],
  seconds: number,
): Promise<{ perSecond: number; p50Ms: number; p99Ms: number }> {
  const took: number[] = [];
  const began = performance.now();
  const until = began + seconds * 1000;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() < until) {
      const document = documents[next++ % documents.length] as GrantDocument;
      took.push(await timed(() => ask(bank, document)));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const perSecond = took.length / ((performance.now() - began) / 1000);
  say(`${Math.round(perSecond)} queries/s`);
  return { perSecond, p50Ms: quantile(took, 0.5), p99Ms: quantile(took, 0.99) };
}

async function timed(work: () => Promise<void>): Promise<number> {
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

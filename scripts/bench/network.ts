// On four validators: how long from accepted to final, and what the chain carries, while records are published at the
// national peak, or as near it as the machine comes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '../../node/core/bytes.ts';
import { startMembers, type Members } from '../sandbox/cluster.ts';
import { openPorts } from '../sandbox/consortium.ts';
import { validatorChain } from '../validators/chain-source.ts';
import { ensureGeth } from '../validators/geth.ts';
import { ValidatorNetwork } from '../validators/network.ts';
import type { Validator } from '../validators/validator.ts';
import { nodeInfo, openPublisher, rowOf, rowTemplates, untilOpen } from './load.ts';

const RECORDS_PER_SECOND = 5_800;
const SECONDS = 60;
const VALIDATORS = 4;
const PERIOD_SECONDS = 1;
const BUFFER_BYTES = 32 * 1024;
const PLAYER = 'dafeng';
const DAY_SECONDS = 86_400;
const FINAL_WITHIN_MS = 120_000;

export async function run(): Promise<Record<string, unknown>> {
  const say = (text: string): void => console.error(text);
  const geth = await ensureGeth(say);
  const data = await mkdtemp(join(tmpdir(), 'xinlian-bench-'));
  const network = await ValidatorNetwork.start({ geth, data, validators: VALIDATORS, period: PERIOD_SECONDS });
  let members: Members | undefined;
  try {
    const urls = network.validators.map(({ url }) => url);
    const ports = await openPorts(data, false);
    members = await startMembers({ data, say, players: [PLAYER], ports, chain: validatorChain(network, () => urls) });
    await untilOpen(members, PLAYER);
    const first = await network.validator(0).head();
    const { accepted, seconds, finals } = await publish(members, data);
    const load = await chainLoad(network.validator(0), first + 1, await network.validator(0).head());
    return { ...latencies(accepted, finals), ...summary(accepted, seconds), ...load, validators: VALIDATORS };
  } finally {
    await members?.stop();
    await network.stop();
    await rm(data, { recursive: true, force: true });
  }
}

/** A number of entries, and when it was reached. */
interface Reached {
  at: number;
  size: number;
}

async function publish(
  members: Members,
  data: string,
): Promise<{ accepted: Reached[]; finals: Reached[]; seconds: number }> {
  const templates = rowTemplates();
  const { client, close } = await openPublisher(members, data, PLAYER);
  const finals: Reached[] = [];
  let watching = true;
  const watcher = (async () => {
    while (watching) {
      const size = (await nodeInfo(members, PLAYER)).logs[0]?.final ?? 0;
      if (size > (finals.at(-1)?.size ?? 0)) finals.push({ at: performance.now(), size });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  const began = performance.now();
  async function* load(): AsyncGenerator<Uint8Array> {
    for (let n = 0; performance.now() - began < SECONDS * 1_000;) {
      const due = (n / RECORDS_PER_SECOND) * 1_000 - (performance.now() - began);
      if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
      let text = '';
      while (text.length < BUFFER_BYTES) text += rowOf(templates, n++);
      yield utf8(text);
    }
  }
  const accepted: Reached[] = [];
  for await (const line of client.publish(load(), { item: 'administrative-licence' })) {
    if (line.type === 'row') throw new Error(`a row was rejected: ${JSON.stringify(line)}`);
    // The log behind the chunk: its rows, and the status entries of checkpoints between them.
    if (line.type === 'chunk')
      accepted.push({ at: performance.now(), size: (accepted.at(-1)?.size ?? 0) + line.published });
  }
  const seconds = (performance.now() - began) / 1_000;
  const last = (await nodeInfo(members, PLAYER)).logs[0]?.size ?? 0;
  const deadline = performance.now() + FINAL_WITHIN_MS;
  while ((finals.at(-1)?.size ?? 0) < last && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  watching = false;
  await watcher;
  await close();
  return { accepted, finals, seconds };
}

/**
 * Of records, from the answer that they are durable to the first sight of a final anchor over them. Sizes of accepted
 * chunks do not count the status entries between them, one a checkpoint: the figures are too low by at most the time of as
 * many rows, some milliseconds.
 */
function latencies(accepted: readonly Reached[], finals: readonly Reached[]): Record<string, number> {
  const waits: number[] = [];
  let before = 0;
  for (const { at, size } of accepted) {
    const final = finals.find((reached) => reached.size >= size);
    if (!final) throw new Error(`entry ${size} did not become final`);
    // A chunk stands for as many records as it has, in hundreds.
    for (let rows = before; rows < size; rows += 100) waits.push(final.at - at);
    before = size;
  }
  waits.sort((a, b) => a - b);
  const share = (part: number): number => Math.round(waits[Math.ceil(waits.length * part) - 1] ?? Number.NaN);
  return { finalMsP50: share(0.5), finalMsP99: share(0.99) };
}

function summary(accepted: readonly Reached[], seconds: number): Record<string, number> {
  const records = accepted.at(-1)?.size ?? 0;
  return {
    recordsPerSecond: Math.round(records / seconds),
    wantedPerSecond: RECORDS_PER_SECOND,
    records,
    seconds: Number(seconds.toFixed(1)),
  };
}

async function chainLoad(validator: Validator, from: number, to: number): Promise<Record<string, number>> {
  interface Block {
    timestamp: string;
    gasUsed: string;
    size: string;
    transactions: string[];
  }
  const read = (number: number): Promise<Block> =>
    validator.call<Block>('eth_getBlockByNumber', `0x${number.toString(16)}`, false);
  const before = await read(from - 1);
  const blocks: Block[] = [];
  for (let number = from; number <= to; number++) blocks.push(await read(number));
  const sum = (of: (block: Block) => number): number => blocks.reduce((total, block) => total + of(block), 0);
  const seconds = Number(blocks.at(-1)?.timestamp) - Number(before.timestamp);
  return {
    transactionsPerSecond: Number((sum(({ transactions }) => transactions.length) / seconds).toFixed(2)),
    gasPerSecond: Math.round(sum(({ gasUsed }) => Number(gasUsed)) / seconds),
    chainBytesPerDay: Math.round((sum(({ size }) => Number(size)) / seconds) * DAY_SECONDS),
    secondsPerBlock: Number((seconds / blocks.length).toFixed(2)),
  };
}

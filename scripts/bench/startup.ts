// How long it takes until a node with a million entries, and a whole sandbox that was set up before, are ready.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { AgencyLog } from '../../node/exchange/agency-log.ts';
import { GroupCommit } from '../../node/exchange/group-commit.ts';
import { LevelLogStore } from '../../node/store/log-store.ts';
import { openStore, type Batch } from '../../node/store/store.ts';
import { startCluster } from '../sandbox/cluster.ts';
import type { Child } from '../sandbox/processes.ts';

const ENTRIES = 1_000_000;
const BATCH = 1_000;
const PLAYER = 'dafeng';
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export async function run(): Promise<Record<string, unknown>> {
  const data = await mkdtemp(join(tmpdir(), 'xinlian-bench-'));
  try {
    const nodeSeconds = await measureNode(data);
    return { nodeSeconds, entries: ENTRIES, sandboxSeconds: await measureSandbox(join(data, 'sandbox')) };
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

async function measureNode(data: string): Promise<number> {
  const cluster = await startCluster({ data, say: (text) => console.error(text), players: [PLAYER] });
  try {
    const node = cluster.nodes.get(PLAYER) as Child;
    while ((await logsOf(cluster.nodeUrl(PLAYER))) === 0) await new Promise((resolve) => setTimeout(resolve, 100));
    await node.stop();
    console.error(`writing ${ENTRIES} entries to its log`);
    await fill(join(data, 'nodes', PLAYER, 'db'));
    const began = performance.now();
    await node.start();
    return Number(((performance.now() - began) / 1000).toFixed(2));
  } finally {
    await cluster.stop();
  }
}

async function logsOf(url: string): Promise<number> {
  const info = (await (await fetch(`${url}/info`)).json()) as { logs: unknown[] };
  return info.logs.length;
}

async function fill(path: string): Promise<void> {
  const store = await openStore(path);
  const logs = new LevelLogStore(store);
  const [state] = await logs.logs();
  if (!state) throw new Error('the node has no log');
  const log = await AgencyLog.load(logs, state);
  const commits = new GroupCommit<Batch>(() => store.batch());
  commits.beforeCommit((batch) => log.save(batch));
  const commitment = new Uint8Array(32);
  for (let n = 0; n < ENTRIES; n += BATCH) {
    await commits.run((batch) => {
      for (let i = 0; i < BATCH; i++) {
        new DataView(commitment.buffer).setUint32(0, n + i);
        log.append(batch, {
          kind: 'publish',
          time: 1_767_225_600,
          item: 'administrative-licence',
          edition: 'cn-424-2018',
          commitment,
        });
      }
    });
  }
  await store.close();
}

/** From the command to the line that says that the gateways are ready, on a data folder that was set up before. */
async function measureSandbox(data: string): Promise<number> {
  await timeSandbox(data);
  return timeSandbox(data);
}

async function timeSandbox(data: string): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, [join(ROOT, 'scripts', 'run.mjs'), 'scripts/sandbox.ts', '--data', data], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let seconds = 0;
  for await (const line of createInterface({ input: child.stderr })) {
    if (!line.includes('the gateways are ready')) continue;
    seconds = Number(((performance.now() - began) / 1000).toFixed(2));
    break;
  }
  console.error(`the sandbox was ready after ${seconds} s`);
  child.kill('SIGTERM');
  await once(child, 'exit');
  if (seconds === 0) throw new Error('the sandbox did not start');
  return seconds;
}

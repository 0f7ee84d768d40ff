// Publishing through the public API: rows of 470 bytes, streamed for a minute, durable and logged; beside it, in the
// same run, what the same bytes cost with nothing around them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalize } from '../../node/core/canonical.ts';
import { leafHash } from '../../node/core/merkle.ts';
import { utf8 } from '../../node/core/bytes.ts';
import { key } from '../../node/store/buckets.ts';
import { openStore } from '../../node/store/store.ts';
import { startCluster, type Cluster } from '../sandbox/cluster.ts';
import { nodeInfo, openPublisher, ROW_BYTES, rowOf, rowTemplates, untilOpen, type Template } from './load.ts';

const SECONDS = 60;
const RAW_ROWS = 60_000;
const BUFFER_BYTES = 64 * 1024;
const PLAYER = 'dafeng';

export async function run(): Promise<Record<string, unknown>> {
  const data = await mkdtemp(join(tmpdir(), 'xinlian-bench-'));
  const templates = rowTemplates();
  const rawPerSecond = await measureRaw(join(data, 'raw'), templates);
  console.error(`raw: ${Math.round(rawPerSecond)} rows/s`);
  const cluster = await startCluster({ data, say: (text) => console.error(text), players: [PLAYER] });
  try {
    const { rows, seconds } = await measure(cluster, data, templates);
    const recordsPerSecond = Math.round(rows / seconds);
    return {
      recordsPerSecond,
      ratioToRaw: Number((recordsPerSecond / rawPerSecond).toFixed(3)),
      rawPerSecond: Math.round(rawPerSecond),
      records: rows,
      seconds: Number(seconds.toFixed(1)),
      rowBytes: ROW_BYTES,
    };
  } finally {
    await cluster.stop();
    await rm(data, { recursive: true, force: true });
  }
}

async function measureRaw(path: string, templates: readonly Template[]): Promise<number> {
  const store = await openStore(path);
  const began = performance.now();
  for (let n = 0; n < RAW_ROWS;) {
    const batch = store.batch();
    for (let i = 0; i < 100; i++, n++) {
      const bytes = utf8(canonicalize(JSON.parse(rowOf(templates, n)) as Record<string, string>));
      batch.put('entry', key({ u32: 0 }, { u64: n }), bytes);
      batch.put('vault', key({ u32: 0 }, { u64: n }), leafHash(bytes));
    }
    await batch.commit();
  }
  const perSecond = RAW_ROWS / ((performance.now() - began) / 1000);
  await store.close();
  return perSecond;
}

async function measure(
  cluster: Cluster,
  data: string,
  templates: readonly Template[],
): Promise<{ rows: number; seconds: number }> {
  const { client, close } = await openPublisher(cluster, data, PLAYER);
  await untilOpen(cluster, PLAYER);

  const began = performance.now();
  const until = began + SECONDS * 1000;
  async function* load(): AsyncGenerator<Uint8Array> {
    for (let n = 0; performance.now() < until;) {
      let text = '';
      while (text.length < BUFFER_BYTES / 2) text += rowOf(templates, n++);
      yield utf8(text);
    }
  }
  let durable = 0;
  let told = began;
  for await (const line of client.publish(load(), { item: 'administrative-licence' })) {
    if (line.type === 'row') throw new Error(`a row was rejected: ${JSON.stringify(line)}`);
    if (line.type !== 'chunk') continue;
    durable += line.published;
    if (performance.now() - told > 5_000) {
      told = performance.now();
      console.error(`${durable} durable, ${Math.round(durable / ((told - began) / 1000))} rows/s`);
    }
  }
  // Logged: under a signed checkpoint, which may lie half a second behind.
  while (((await nodeInfo(cluster, PLAYER)).logs[0]?.signed ?? 0) < durable)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const seconds = (performance.now() - began) / 1000;
  await close();
  return { rows: durable, seconds };
}

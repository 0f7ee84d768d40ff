// What the sandbox does: a regulator publishes, waits until it is final, and has a proof verified offline.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeInfo } from '../../node/core/messages/node.ts';
import type { RowOutcome } from '../../node/core/messages/publish.ts';
import { ANCHORED_TOPIC } from '../../node/core/anchor-proof.ts';
import { sampleFile } from '../generate.ts';
import { CAST } from './cast.ts';
import type { Cluster } from './cluster.ts';
import { profileFile } from './configs.ts';
import { xinlian } from './xinlian.ts';

const SAMPLE_ROWS = 1_000;
const SAMPLE_SEED = 1;
/** Everything is final within seconds; a chain that is slow or was just restarted gets minutes. */
const FINAL_WITHIN_MS = 300_000;

/** What the scenario needs of a consortium that runs. */
export type Stage = Pick<Cluster, 'nodeUrl' | 'chainUrl' | 'consortium'>;

export interface Outcome {
  /** Rows of the input that were new, or corrected what was there. */
  published: number;
  rejected: number;
  /** Of the published rows, those whose anchor is final. */
  final: number;
  /** Checkpoints of the regulator's log that were anchored. */
  checkpoints: number;
  /** Whether the bundle of a record verified. */
  proved: boolean;
  /** A record, and the file of its bundle. */
  record: string;
  bundle: string;
}

/** The sample: a file of licences and one of penalties, the same at every start. */
export async function sampleFiles(data: string): Promise<string[]> {
  await mkdir(join(data, 'sample'), { recursive: true });
  const rows = SAMPLE_ROWS / 2;
  const files = [
    { path: join(data, 'sample', 'licences.csv'), item: 'xk', seed: SAMPLE_SEED },
    { path: join(data, 'sample', 'penalties.csv'), item: 'cf', seed: SAMPLE_SEED + 1 },
  ] as const;
  for (const { path, item, seed } of files) {
    if (!existsSync(path)) await writeFile(path, [...sampleFile({ rows, seed, item, format: 'csv' })].join(''));
  }
  return files.map(({ path }) => path);
}

export async function publishAndProve(
  cluster: Stage,
  { data, files, say }: { data: string; files: readonly string[]; say: (text: string) => void },
): Promise<Outcome> {
  const regulator = CAST.find(({ key }) => key === 'regulator');
  if (!regulator) throw new Error('the cast has no regulator');
  const profile = profileFile(data, regulator);
  const outcomes: RowOutcome[] = [];
  for (const file of files) {
    say(`${regulator.name} publishes ${file} through the gateway of Dafeng, sealed to its own node`);
    const list = join(data, 'outcomes.ndjson');
    // Exit code 2: some rows were rejected, the others published.
    await xinlian(['publish', file, '--profile', profile, '--outcomes', list, '--no-wait'], [0, 2]);
    outcomes.push(
      ...(await readFile(list, 'utf8'))
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as RowOutcome),
    );
  }
  const count = (kind: RowOutcome['outcome']): number => outcomes.filter(({ outcome }) => outcome === kind).length;
  const [rejected, unchanged, published] = [
    count('rejected'),
    count('unchanged'),
    count('published') + count('corrected'),
  ];
  say(`${published} rows published, ${unchanged} known already, ${rejected} rejected`);

  const info = await waitUntilFinal(
    cluster,
    outcomes.flatMap(({ position }) => position ?? []),
    say,
  );
  const log = info.logs[0];
  const final = outcomes.filter(
    ({ outcome, position = Infinity }) => outcome !== 'unchanged' && position < (log?.final ?? 0),
  ).length;
  const record = outcomes.find(({ record }) => record !== undefined)?.record ?? '';
  const bundle = join(data, 'bundle.json');
  const proved = record !== '' && (await prove(record, bundle, profile, say));
  return {
    published,
    rejected,
    final,
    checkpoints: await countAnchors(cluster, log?.log ?? ''),
    proved,
    record,
    bundle,
  };
}

async function waitUntilFinal(
  cluster: Stage,
  positions: readonly number[],
  say: (text: string) => void,
): Promise<NodeInfo> {
  const size = positions.reduce((most, position) => Math.max(most, position + 1), 0);
  const deadline = performance.now() + FINAL_WITHIN_MS;
  let told = '';
  for (;;) {
    const response = await fetch(`${cluster.nodeUrl('regulator')}/info`);
    const info = (await response.json()) as NodeInfo;
    const log = info.logs[0];
    const state = log && (['final', 'anchored', 'signed'] as const).find((name) => log[name] >= size);
    const text =
      state === 'signed'
        ? 'logged: under a signed checkpoint'
        : state === 'anchored'
          ? 'anchored: on the chain'
          : (state ?? 'accepted');
    if (text !== told) say((told = text));
    if (state === 'final' || performance.now() > deadline) return info;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function prove(record: string, bundle: string, profile: string, say: (text: string) => void): Promise<boolean> {
  await xinlian(['bundle', record, '--out', bundle, '--profile', profile], [0]);
  const { code } = await xinlian(['verify', bundle], [0, 1]);
  say(code === 0 ? `the proof of record ${record} verified offline` : `the proof of record ${record} does NOT verify`);
  return code === 0;
}

/** Anchors of a log, counted on the chain itself. */
async function countAnchors({ chainUrl, consortium }: Stage, log: string): Promise<number> {
  const filter = {
    fromBlock: '0x0',
    toBlock: 'latest',
    address: consortium.contracts.logAnchor,
    topics: [ANCHORED_TOPIC, log],
  };
  const response = await fetch(chainUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getLogs', params: [filter] }),
  });
  const { result } = (await response.json()) as { result: unknown[] };
  return result.length;
}

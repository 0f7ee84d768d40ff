// A consortium of real processes for end-to-end tests, and what a user does with it.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { run } from '../../gateway/cli/program.ts';
import { decodeEntry, type Entry } from '../../node/core/entry.ts';
import { parseCheckpoint } from '../../node/core/checkpoint.ts';
import type { NodeInfo } from '../../node/core/messages/node.ts';
import { parseNote } from '../../node/core/note.ts';
import { decodeBundle, tilePath } from '../../node/core/tiles.ts';
import { CAST } from '../../scripts/sandbox/cast.ts';
import { startCluster, type Cluster, type ClusterOptions, type Members } from '../../scripts/sandbox/cluster.ts';
import { profileFile } from '../../scripts/sandbox/configs.ts';
import { liftRateLimits } from '../../scripts/sandbox/programs.ts';

const CLI = fileURLToPath(new URL('../../gateway/cli/main.ts', import.meta.url));

export interface TestConsortium extends Cluster {
  data: string;
  /** Path of a player's CLI profile. */
  profile: (player: string) => string;
}

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Starts some players in a fresh folder, which `stop` removes. Their logs are open when it resolves. */
export async function startConsortium(
  players: readonly string[],
  options: Pick<ClusterOptions, 'corsOrigins'> = {},
): Promise<TestConsortium> {
  // Every command asks for a token of its own, and a suite runs more of them in a minute than people do.
  liftRateLimits();
  const data = await mkdtemp(join(tmpdir(), 'xinlian-test-'));
  const cluster = await startCluster({ data, say: () => {}, players, ...options });
  for (const player of players) await until(async () => (await nodeInfo(cluster, player)).logs.length > 0);
  return {
    ...cluster,
    data,
    profile: (player) => {
      const found = CAST.find(({ key }) => key === player);
      if (!found) throw new Error(`the cast has no ${player}`);
      return profileFile(data, found);
    },
    stop: async () => {
      await cluster.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** Runs the CLI as a user would. */
export async function xinlian(...args: string[]): Promise<CliResult> {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exit) => resolve(exit ?? -1));
  });
  return { code, stdout, stderr };
}

/** Runs a command in this process: what it calls are the processes of the consortium. */
export async function command(...args: string[]): Promise<CliResult> {
  const printed = { stdout: '', stderr: '' };
  const code = await run(args, {
    env: {},
    out: (line) => (printed.stdout += `${line}\n`),
    say: (line) => (printed.stderr += `${line}\n`),
    stderr: new PassThrough(),
    ask: undefined,
    prompt: undefined,
    fetch: globalThis.fetch,
    signal: new AbortController().signal,
  });
  return { code, ...printed };
}

/** The JSON object that a command printed last. */
export function lastJson({ stdout, stderr }: CliResult): unknown {
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`no JSON at the end of:\n${stdout}\n${stderr}`);
  return JSON.parse(line);
}

export async function nodeInfo(cluster: Pick<Members, 'nodeUrl'>, player: string): Promise<NodeInfo> {
  const response = await fetch(`${cluster.nodeUrl(player)}/info`);
  return (await response.json()) as NodeInfo;
}

/** Asks until it is so, and throws after two minutes. A check that fails (a process that is down) counts as no. */
export async function until(check: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const [result] = await Promise.allSettled([check()]);
    if (result.status === 'fulfilled' && result.value) return;
    if (Date.now() > deadline) {
      throw new Error(
        'it did not become so within two minutes',
        result.status === 'rejected' ? { cause: result.reason } : {},
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Reads a player's whole log over its public surface, as any log tool would. */
export async function readLog(cluster: Pick<Members, 'nodeUrl'>, player: string): Promise<Entry[]> {
  const info = await nodeInfo(cluster, player);
  const base = `${cluster.nodeUrl(player)}/logs/${info.logs[0]?.log}`;
  const note = await (await fetch(`${base}/checkpoint`)).text();
  const { size } = parseCheckpoint(parseNote(note).text);
  const entries: Entry[] = [];
  for (let index = 0; index * 256 < size; index++) {
    const width = Math.min(256, size - index * 256);
    const response = await fetch(`${base}/${tilePath({ level: 'entries', index, width })}`);
    for (const bytes of decodeBundle(new Uint8Array(await response.arrayBuffer()))) entries.push(decodeEntry(bytes));
  }
  return entries;
}

// Checks of grants over HTTP, one a request, by a gateway that follows a real chain; beside it, in the same run, what a
// bare Fastify route gives under the same load.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { createClient } from '../../gateway/client.ts';
import { TokenSource } from '../../gateway/client/token-source.ts';
import { startCluster } from '../sandbox/cluster.ts';
import { liftRateLimits, Programs } from '../sandbox/programs.ts';

const SECONDS = 10;
const WARM_SECONDS = 3;
const CONNECTIONS = 32;
const GRANTS = 64;

export async function run(): Promise<Record<string, unknown>> {
  liftRateLimits();
  const data = await mkdtemp(join(tmpdir(), 'xinlian-bench-'));
  const cluster = await startCluster({ data, say, players: ['dafeng', 'bank'] });
  const bare = fork(fileURLToPath(new URL('bare-server.ts', import.meta.url)));
  try {
    const [{ address }] = (await once(bare, 'message')) as [{ address: string }];
    const authorised = await Programs.open(cluster, data);
    const { id, keys } = await authorised.program('bank');
    const grants = await authorised.grants(GRANTS);
    const gateway = cluster.gatewayUrl('dafeng');
    const credentials = { member: id, sign: (message: Uint8Array) => keys.client.sign(message) };
    const token = await new TokenSource({ baseUrl: gateway, audience: gateway, credentials, fetch }).token();
    const bodies = grants.map(({ draft }) => JSON.stringify({ checks: [{ grant: draft.hash }] }));
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    await mustStand(
      gateway,
      credentials,
      grants.map(({ draft }) => draft.hash),
    );

    const loads = {
      checks: { url: `${gateway}/v1/grants/check`, headers, bodies },
      bare: { url: address, headers, bodies },
    };
    for (const load of Object.values(loads)) await fire(load, WARM_SECONDS);
    // In turns: the machine's speed changes while it runs.
    const turns = [];
    for (let i = 0; i < 3; i++)
      turns.push([await fire(loads.checks, SECONDS), await fire(loads.bare, SECONDS)] as const);
    await authorised.close();
    const [checks, baseline] = [middle(turns.map(([one]) => one)), middle(turns.map(([, one]) => one))];
    return {
      perSecond: Math.round(checks.requests.average),
      p99Ms: checks.latency.p99,
      ratioToBare: Number((checks.requests.average / baseline.requests.average).toFixed(2)),
      barePerSecond: Math.round(baseline.requests.average),
      bareP99Ms: baseline.latency.p99,
      connections: CONNECTIONS,
    };
  } finally {
    bare.disconnect();
    await cluster.stop();
    await rm(data, { recursive: true, force: true });
  }
}

async function mustStand(
  baseUrl: string,
  credentials: { member: string; sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array> },
  grants: readonly string[],
): Promise<void> {
  const client = createClient({ baseUrl, credentials });
  const { results } = await client.checkGrants({ body: { checks: grants.map((grant) => ({ grant })) } });
  const refused = results.find(({ ok }) => !ok);
  if (refused) throw new Error(`a grant does not stand: ${JSON.stringify(refused)}`);
}

async function fire(
  { url, headers, bodies }: { url: string; headers: Record<string, string>; bodies: readonly string[] },
  duration: number,
): Promise<autocannon.Result> {
  const requests = bodies.map((body) => ({ method: 'POST' as const, headers, body }));
  const result = await autocannon({ url, connections: CONNECTIONS, duration, requests });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} refused, ${result.errors} failed`);
  say(`${url}: ${Math.round(result.requests.average)}/s, p99 ${result.latency.p99} ms`);
  return result;
}

/** By requests a second. */
function middle(results: readonly autocannon.Result[]): autocannon.Result {
  const sorted = results.toSorted((a, b) => a.requests.average - b.requests.average);
  const found = sorted[Math.floor(sorted.length / 2)];
  if (!found) throw new Error('nothing was measured');
  return found;
}

function say(text: string): void {
  console.error(`[check] ${text}`);
}

// `npm start`: a whole consortium on this machine. It publishes a sample, shows how each state is reached, verifies a
// proof offline, and stays up. With --once it runs in a fresh folder to its end and prints one JSON object.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import pc from 'picocolors';
import { auditTwice, type AuditOutcome } from './sandbox/audit.ts';
import { startCluster, type Cluster } from './sandbox/cluster.ts';
import { auditFile } from './sandbox/configs.ts';
import { startMonitor } from './sandbox/monitor.ts';
import { play, type Played } from './sandbox/play.ts';
import { sampleFiles, type Outcome } from './sandbox/scenario.ts';

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    input: { type: 'string' },
    data: { type: 'string' },
  },
});

const began = performance.now();
const seconds = (): number => Math.round((performance.now() - began) / 100) / 10;
/** Everything for people goes to standard error: standard output has the one line for machines. */
const say = (text: string): void => console.error(`${pc.dim(`${seconds().toFixed(1).padStart(5)} s`)}  ${text}`);

const fresh = values.once && values.data === undefined;
const data = fresh ? await mkdtemp(join(tmpdir(), 'xinlian-')) : resolve(values.data ?? 'data/sandbox');

let cluster: Cluster | undefined;
let monitor: Awaited<ReturnType<typeof startMonitor>> | undefined;
let ending: Promise<void> | undefined;

/** Once, however many signals come. */
function end(): Promise<void> {
  ending ??= (async () => {
    await monitor?.stop();
    await cluster?.stop();
    if (fresh) await rm(data, { recursive: true, force: true });
  })();
  return ending;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (!ending) say('stopping');
    end().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}

try {
  await claim(data);
  say(`${pc.bold('Xinlian 信链')} sandbox in ${data}`);
  cluster = await startCluster({ data, say, usualPorts: !values.once });
  say(pc.green('the gateways are ready'));
  const files = values.input === undefined ? await sampleFiles(data) : [resolve(values.input)];
  const played = await play(cluster, { data, files, say });
  if (values.once) await finish(played, await auditTwice(data, say));
  else {
    // Two auditors end a run that ends; one that stays up has one that never does.
    monitor = await startMonitor(data, say);
    showWhereToLook(cluster, played.outcome, monitor.metricsUrl);
  }
} catch (error) {
  console.error(pc.red(error instanceof Error ? (error.stack ?? error.message) : String(error)));
  console.error(`Logs of the processes: ${join(data, 'logs')}`);
  // The logs of a run that failed are kept.
  await monitor?.stop();
  await cluster?.stop();
  if (values.once) console.log(JSON.stringify({ ok: false, seconds: seconds() }));
  process.exit(1);
}

/** One sandbox a folder. Throws where another that runs has it. */
async function claim(folder: string): Promise<void> {
  const file = join(folder, 'sandbox.pid');
  await mkdir(folder, { recursive: true });
  const other = existsSync(file) ? Number(await readFile(file, 'utf8')) : 0;
  if (other > 0 && isSandbox(other))
    throw new Error(`a sandbox runs in ${folder} already (process ${other}): end it, or give --data`);
  await writeFile(file, String(process.pid));
}

/** Whether that process is one of these: a number alone may be another program's by now. */
function isSandbox(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc/self') || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('sandbox.ts');
  } catch {
    return false;
  }
}

async function finish({ ok: played, told }: Played, audit: AuditOutcome): Promise<void> {
  await end();
  const ok = played && audit.ok;
  console.log(JSON.stringify({ ok, ...told, audit, seconds: seconds() }));
  process.exit(ok ? 0 : 1);
}

function showWhereToLook(
  { gatewayUrl, nodeUrl, chainUrl }: Cluster,
  { record, bundle }: Outcome,
  metricsUrl: string,
): void {
  const lines = [
    ['gateway of Dafeng', `${gatewayUrl('dafeng')}/docs`],
    ['gateway of Shanghai', `${gatewayUrl('shanghai')}/docs`],
    ['members', `${gatewayUrl('dafeng')}/v1/members`],
    ['a node of its own', `${nodeUrl('regulator')}/info`],
    ['the chain', chainUrl],
    ['logs of the processes', join(data, 'logs')],
    ['the audit that goes on', metricsUrl],
    ['its alerts', join(data, 'logs', 'monitor.log')],
    ['a proof', `npm run -s xinlian -- verify ${bundle}`],
    ['a record', `npm run -s xinlian -- record ${record} --profile ${join(data, 'profiles', 'regulator.yaml')}`],
    ['an audit', `npm run -s xinlian -- audit --contracts ${auditFile(data)}`],
    ['publish a file', `npm run -s xinlian -- publish FILE --profile ${join(data, 'profiles', 'regulator.yaml')}`],
  ];
  say('where to look:');
  for (const [what = '', where] of lines) console.error(`         ${what.padEnd(22)} ${pc.cyan(where)}`);
  console.error('         Ctrl-C ends it; the next npm start goes on where this one was.');
}

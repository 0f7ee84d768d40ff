// The sandbox's auditor that never sleeps: `xinlian audit --follow` over the whole consortium, as a process of its own.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AuditMetrics, serveMetrics } from '../../node/audit-metrics.ts';
import { followAudit, readAuditedChain } from '../../node/auditor.ts';
import { auditFile } from './configs.ts';
import { Child } from './processes.ts';

const EVERY_MS = 5_000;
const STALL_SECONDS = 120;

/** Starts it in a process of its own. @returns where its metrics are */
export async function startMonitor(
  data: string,
  say: (text: string) => void,
): Promise<{ metricsUrl: string; stop: () => Promise<void> }> {
  const spec = { name: 'monitor', script: 'scripts/sandbox/monitor.ts', args: ['--data', data] };
  const child = new Child({ ...spec, logFile: join(data, 'logs', 'monitor.log') }, say);
  const { metrics } = await child.start();
  return { metricsUrl: String(metrics), stop: () => child.stop() };
}

async function run(data: string): Promise<void> {
  const folder = join(data, 'audit');
  await mkdir(folder, { recursive: true });
  const { endpoints, ...told } = readAuditedChain(auditFile(data));
  const metrics = new AuditMetrics();
  const served = await serveMetrics(metrics, '127.0.0.1:0');
  const ending = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => ending.abort());
  // The sandbox is gone, however it went.
  process.on('disconnect', () => ending.abort());
  console.log(JSON.stringify({ ready: true, metrics: served.url }));
  await followAudit(
    { chain: { rpc: endpoints }, ...told, witnesses: true, stateFile: join(folder, 'state') },
    { everyMs: EVERY_MS, stallSeconds: STALL_SECONDS, evidence: join(folder, 'evidence') },
    {
      fetch,
      signal: ending.signal,
      tell: (alert) => {
        metrics.alert(alert);
        console.log(JSON.stringify(alert));
      },
      done: (round) => metrics.round(round),
    },
  );
  await served.stop();
  process.disconnect?.();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { data: { type: 'string' } } });
  await run(values.data ?? 'data/sandbox');
}

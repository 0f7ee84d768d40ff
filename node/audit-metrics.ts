// What a monitor counts, in Prometheus' text form, over HTTP.
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Counter, Gauge, Registry } from 'prom-client';
import type { Alert, Round } from './audit-monitor.ts';
import { malformed } from './core/errors.ts';

export class AuditMetrics {
  readonly #registry = new Registry();
  readonly #alerts = new Counter({ name: 'xinlian_audit_alerts_total', help: 'Alerts, by kind and rule', labelNames: ['alert', 'rule'], registers: [this.#registry] }); // prettier-ignore
  readonly #rounds = new Counter({ name: 'xinlian_audit_rounds_total', help: 'Rounds, by whether all could be read', labelNames: ['complete'], registers: [this.#registry] }); // prettier-ignore
  readonly #findings = this.#gauge('findings', 'Findings that stand');
  readonly #block = this.#gauge('block', 'The last block that was verified');
  readonly #blockTime = this.#gauge('block_timestamp_seconds', 'Its time, seconds since 1970');
  readonly #entries = this.#gauge('entries', 'Log entries that were read, proven and judged');
  readonly #unread = this.#gauge('unread_logs', 'Logs that could not be read in the last round');
  readonly #seconds = this.#gauge('round_seconds', 'Length of the last round');
  readonly #stalls = this.#gauge('stalls', 'Times that the chain stood still since the monitor began');

  alert(alert: Alert): void {
    this.#alerts.inc({ alert: alert.alert, rule: alert.alert === 'finding' ? alert.rule : '' });
  }

  round({ result, seconds, stalls }: Round): void {
    this.#rounds.inc({ complete: String(result?.complete ?? false) });
    this.#seconds.set(seconds);
    this.#stalls.set(stalls);
    if (!result) return;
    const { findings, head, logs, unread } = result;
    this.#findings.set(findings.length);
    this.#entries.set(logs.reduce((sum, { proven }) => sum + proven, 0));
    this.#unread.set(unread.length);
    if (!head) return;
    this.#block.set(head.number);
    this.#blockTime.set(head.time);
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name: `xinlian_audit_${name}`, help, registers: [this.#registry] });
  }
}

/** Serves `/metrics`. @param address `HOST:PORT`; port 0 takes a free one. @returns where, and how it is ended */
export async function serveMetrics(
  metrics: AuditMetrics,
  address: string,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(address) ?? [];
  if (host === '' || Number(port) > 65_535) malformed('--metrics', 'HOST:PORT', address);
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') return void response.writeHead(404).end();
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.listen(Number(port), host.replace(/^\[|\]$/g, ''));
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${bound}/metrics`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

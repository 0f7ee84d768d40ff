// What a node counts, in Prometheus' text form.
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { NodeInfo } from './core/messages/node.ts';
import type { Counts } from './core/messages/publish.ts';
import type { Witnesses } from './witnesses.ts';

export interface NodeMetrics {
  countRows(counts: Counts): void;
  /** @param reason code of a refusal, or empty */
  countAnswer(outcome: 'answered' | 'refused', reason: string): void;
  text(): Promise<string>;
}

/**
 * Both are asked at each scrape: a gauge that is computed cannot be stale.
 * @param endpoints states of the chain's endpoints, one each
 */
export function createMetrics(
  info: () => NodeInfo,
  endpoints: () => readonly string[],
  witnesses: Pick<Witnesses, 'standings' | 'conflicts'>,
): NodeMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const rows = new Counter({
    name: 'xinlian_rows_total',
    help: 'Rows taken in, by outcome',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const answers = new Counter({
    name: 'xinlian_answers_total',
    help: 'Queries answered, by outcome and reason of refusal',
    labelNames: ['outcome', 'reason'],
    registers: [registry],
  });
  new Gauge({
    name: 'xinlian_log_entries',
    help: 'Entries of a log, by how far they have come',
    labelNames: ['log', 'state'],
    registers: [registry],
    collect() {
      for (const { log, size, signed, anchored, final } of info().logs) {
        this.set({ log, state: 'accepted' }, size);
        this.set({ log, state: 'logged' }, signed);
        this.set({ log, state: 'anchored' }, anchored);
        this.set({ log, state: 'final' }, final);
      }
    },
  });
  new Gauge({
    name: 'xinlian_chain_head_age_seconds',
    help: 'Age of the newest block that was read',
    registers: [registry],
    collect() {
      const { head } = info();
      if (head) this.set(Math.max(0, Date.now() / 1000 - head.time));
    },
  });
  new Gauge({
    name: 'xinlian_chain_stalled',
    help: '1 while no block came for longer than the chain may take',
    registers: [registry],
    collect() {
      this.set(info().stalledSeconds === undefined ? 0 : 1);
    },
  });
  new Gauge({
    name: 'xinlian_chain_disputed',
    help: '1 while the endpoints of the chain contradict each other, and nothing becomes final',
    registers: [registry],
    collect() {
      this.set(info().disputedBlock === undefined ? 0 : 1);
    },
  });
  new Gauge({
    name: 'xinlian_chain_endpoints',
    help: 'Endpoints of the chain, by state',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const state of endpoints()) this.inc({ state });
    },
  });
  new Gauge({
    name: 'xinlian_log_witnesses',
    help: 'Witnesses of a log, by how they answered last: cosigned, refused or away',
    labelNames: ['log', 'state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { log, state } of witnesses.standings()) this.inc({ log, state });
    },
  });
  new Gauge({
    name: 'xinlian_witness_conflicts',
    help: 'Checkpoints of others that do not extend what they showed before, since the start',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      for (const kind of ['split', 'inconsistent'] as const) this.set({ kind }, witnesses.conflicts().get(kind) ?? 0);
    },
  });
  return {
    countRows: ({ published, corrected, unchanged, rejected }) => {
      for (const [outcome, count] of Object.entries({ published, corrected, unchanged, rejected }))
        rows.inc({ outcome }, count);
    },
    countAnswer: (outcome, reason) => answers.inc({ outcome, reason }),
    text: () => registry.metrics(),
  };
}

// What the gateway counts of itself, for Prometheus.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { XinlianError } from '../node/core/errors.ts';
import type { MemberId } from '../node/core/ids.ts';
import type { RpcMethod } from '../node/core/messages/node.ts';
import type { Chain, Clock, NodeCaller, NodeCallOptions } from './ports.ts';

export class Metrics {
  readonly registry = new Registry();
  readonly requests: Histogram<'method' | 'route' | 'status'>;
  readonly rows: Counter<'outcome'>;
  readonly calls: Counter<'method' | 'outcome'>;

  constructor(chain: Chain, clock: Clock) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.requests = new Histogram({
      name: 'xinlian_http_request_duration_seconds',
      help: 'From the first byte of a request to the last of its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300],
      registers,
    });
    this.rows = new Counter({
      name: 'xinlian_rows_forwarded_total',
      help: 'Rows that a node answered for',
      labelNames: ['outcome'],
      registers,
    });
    this.calls = new Counter({
      name: 'xinlian_node_calls_total',
      help: 'Calls to nodes; outcome is ok or an error code',
      labelNames: ['method', 'outcome'],
      registers,
    });
    this.registry.registerMetric(
      new Gauge({
        name: 'xinlian_chain_head_age_seconds',
        help: 'Age of the newest block that was read; -1 before the first',
        registers: [],
        collect() {
          const head = chain.head();
          this.set(head ? clock.now() / 1000 - head.time : -1);
        },
      }),
    );
  }
}

/** Counts the calls that pass through. */
export class CountedNodes implements NodeCaller {
  readonly #nodes: NodeCaller;
  readonly #calls: Metrics['calls'];

  constructor(nodes: NodeCaller, { calls }: Metrics) {
    this.#nodes = nodes;
    this.#calls = calls;
  }

  async call(member: MemberId, method: RpcMethod, argument: Uint8Array, options: NodeCallOptions): Promise<Uint8Array> {
    try {
      const answer = await this.#nodes.call(member, method, argument, options);
      this.#calls.inc({ method, outcome: 'ok' });
      return answer;
    } catch (error) {
      this.#calls.inc({ method, outcome: XinlianError.is(error) ? error.code : 'INTERNAL' });
      throw error;
    }
  }
}

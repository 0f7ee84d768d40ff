// The audit that goes on: `xinlian audit --follow`. The same engine, over and over, from a saved state; what it finds is told
// as it is found.
import { setTimeout as delay } from 'node:timers/promises';
import type { AuditResult } from './audit/audit.ts';
import { findingText } from './audit/findings.ts';
import type { ChainSource, EventCodec, LogSources, RawBlock } from './audit/ports.ts';
import type { Finding } from './audit/rule.ts';
import { XinlianError } from './core/errors.ts';
import type { AuditEvidence } from './audit-evidence.ts';

/** One line of the monitor: something to look at. */
export type Alert = { time: string } & (
  | ({ alert: 'finding'; evidenceFile?: string } & Finding)
  /** The chain stood still: no block for so long. */
  | { alert: 'stall'; block: number; seconds: number }
  /** An act in the first block after a stall: nobody could see what was done meanwhile. */
  | {
      alert: 'act-after-stall';
      block: number;
      logIndex: number;
      act: string;
      member?: string;
      log?: string;
      grant?: string;
    }
  /** Chain or log could not be read. */
  | { alert: 'unread'; what: string; reason: string }
);

/** An alert before its time is known. */
export type Untimed<A = Alert> = A extends unknown ? Omit<A, 'time'> : never;

export interface MonitorOptions {
  /** Findings that were told before. */
  told: readonly Finding[];
  /** Time of the last block that was audited before; undefined at the beginning. */
  lastTime: number | undefined;
  /** Milliseconds between rounds. */
  everyMs: number;
  /** Seconds without a block that are a stall. */
  stallSeconds: number;
}

export interface MonitorDependencies {
  /** Audits up to the last final block, with what is given in the place of engine and logs, and keeps the state. */
  round: (watched: Watched) => Promise<AuditResult>;
  /** Keeps what proves a finding; absent: nothing is kept. */
  evidence?: AuditEvidence | undefined;
  codec: EventCodec;
  tell: (alert: Alert) => void;
  /** Told after each round, when all of it was told. */
  done?: (round: Round) => void | Promise<void>;
  /** Milliseconds since 1970. */
  clock: { now(): number };
  signal: AbortSignal;
}

/** What a round looks at, on its way to the audit. */
export interface Watched {
  chain: (source: ChainSource) => ChainSource;
  logs: (sources: LogSources) => LogSources;
}

export interface Round {
  /** Absent where the chain could not be read. */
  result?: AuditResult;
  seconds: number;
  stalls: number;
}

export class AuditMonitor {
  readonly #options: MonitorOptions;
  readonly #needs: MonitorDependencies;
  /** Findings that were told, by their text. */
  readonly #told = new Set<string>();
  /** What could not be read in the last round: told again only where it changed. */
  #unread = new Set<string>();
  #lastTime: number | undefined;
  #stalls = 0;

  constructor(options: MonitorOptions, dependencies: MonitorDependencies) {
    this.#options = options;
    this.#needs = dependencies;
    this.#lastTime = options.lastTime;
    for (const finding of options.told) this.#told.add(findingText(finding));
  }

  /**
   * Goes on until it is aborted, and ends in order.
   * @returns the last result
   */
  async run(): Promise<AuditResult | undefined> {
    const { signal } = this.#needs;
    let last: AuditResult | undefined;
    while (!signal.aborted) {
      last = (await this.#round()) ?? last;
      if (signal.aborted) break;
      await delay(this.#options.everyMs, undefined, { signal }).catch(() => undefined);
    }
    return last;
  }

  async #round(): Promise<AuditResult | undefined> {
    const { round, done, clock, signal, evidence } = this.#needs;
    const began = clock.now();
    const seconds = (): number => (clock.now() - began) / 1_000;
    evidence?.begin();
    try {
      const result = await round({
        chain: (source) => this.#watch(source),
        logs: (sources) => evidence?.watch(sources) ?? sources,
      });
      await this.#tellFindings(result);
      this.#tellUnread(
        result.unread.map(({ log, source, reason }) => [`log ${log} at ${source ?? 'nowhere'}`, reason]),
      );
      await done?.({ result, seconds: seconds(), stalls: this.#stalls });
      return result;
    } catch (error) {
      if (signal.aborted) return undefined;
      // An engine that is away comes back: the monitor is there for the day on which it does not.
      if (!XinlianError.is(error, 'CHAIN_UNREACHABLE') && !XinlianError.is(error, 'CHAIN_WRONG')) throw error;
      this.#tellUnread([['chain', error.message]]);
      await done?.({ seconds: seconds(), stalls: this.#stalls });
      return undefined;
    }
  }

  async #tellFindings({ findings }: AuditResult): Promise<void> {
    const { evidence } = this.#needs;
    for (const finding of findings) {
      const text = findingText(finding);
      if (this.#told.has(text)) continue;
      this.#told.add(text);
      const file = await evidence?.keep(finding);
      this.#tell({ alert: 'finding', ...finding, ...(file !== undefined && { evidenceFile: file }) });
    }
  }

  #tellUnread(unread: readonly [what: string, reason: string][]): void {
    const now = new Set(unread.map(([what, reason]) => `${what}: ${reason}`));
    for (const [what, reason] of unread) {
      if (!this.#unread.has(`${what}: ${reason}`)) this.#tell({ alert: 'unread', what, reason });
    }
    this.#unread = now;
  }

  #watch(source: ChainSource): ChainSource {
    const watching = this.#blocks.bind(this);
    return {
      name: source.name,
      blocks: (from, to, signal) => watching(source.blocks(from, to, signal)),
    };
  }

  async *#blocks(blocks: AsyncIterable<RawBlock>): AsyncGenerator<RawBlock> {
    for await (const block of blocks) {
      const time = Number(block.block.timestamp);
      const seconds = this.#lastTime === undefined ? 0 : time - this.#lastTime;
      this.#lastTime = time;
      if (seconds > this.#options.stallSeconds) this.#tellStall(block, seconds);
      yield block;
    }
  }

  #tellStall({ block, receipts = [] }: RawBlock, seconds: number): void {
    const number = Number(block.number);
    this.#stalls++;
    this.#tell({ alert: 'stall', block: number, seconds });
    for (const log of receipts.flatMap(({ logs }) => logs)) {
      const event = this.#decode(log);
      if (!event) continue;
      this.#tell({
        alert: 'act-after-stall',
        block: number,
        logIndex: event.logIndex,
        act: event.type,
        ...('member' in event && { member: event.member }),
        ...('log' in event && { log: event.log }),
        ...('grant' in event && { grant: event.grant }),
      });
    }
  }

  /** What cannot be read is told by the audit's own rule. */
  #decode(log: Parameters<EventCodec['decode']>[0]): ReturnType<EventCodec['decode']> {
    try {
      return this.#needs.codec.decode(log);
    } catch (error) {
      if (XinlianError.is(error, 'MALFORMED')) return undefined;
      throw error;
    }
  }

  #tell(alert: Untimed): void {
    const { clock, tell } = this.#needs;
    tell({ time: new Date(clock.now()).toISOString(), ...alert });
  }
}

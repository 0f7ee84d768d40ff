// Tells when the chain stalls: no new block for longer than its validators may take, whatever the reason.
import type { ChainChange } from './events.ts';
import type { Clock, Log } from './ports.ts';
import type { ChainView } from './view.ts';

export interface StallWatchOptions {
  /** Seconds between two blocks at most, while all is well; worked out from the blocks that come unless told. */
  blockSeconds?: number;
}

export interface StallWatchDependencies {
  view: Pick<ChainView, 'head' | 'subscribe'>;
  clock: Clock;
  log: Log;
}

export interface Stall {
  /** Since the last new block came. */
  seconds: number;
}

/** The alarm is given after so many block times without a block, and so before the third is over. */
const BLOCK_TIMES = 2.5;
const LOOKS_PER_BLOCK_TIME = 8;
/** Before blocks have shown how long they take. */
const FIRST_BLOCK_SECONDS = 15;
/** Blocks whose times are taken for what is usual. */
const REMEMBERED = 32;

export class StallWatch {
  readonly #options: StallWatchOptions;
  readonly #dependencies: StallWatchDependencies;
  readonly #gaps: number[] = [];
  #last: { number: number; time: number } | undefined;
  #cameAt: number;
  #told = false;
  #running: { abort: AbortController; done: Promise<void>; unsubscribe: () => void } | undefined;

  constructor(options: StallWatchOptions, dependencies: StallWatchDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#cameAt = dependencies.clock.now();
  }

  start(): void {
    if (this.#running) return;
    const { view, clock } = this.#dependencies;
    this.#cameAt = clock.now();
    this.#last = view.head();
    const abort = new AbortController();
    const unsubscribe = view.subscribe((change) => this.#look(change));
    this.#running = { abort, done: this.#run(abort.signal), unsubscribe };
  }

  async stop(): Promise<void> {
    this.#running?.unsubscribe();
    this.#running?.abort.abort();
    await this.#running?.done;
    this.#running = undefined;
  }

  /** Seconds that a block takes at most, as far as is known. */
  blockSeconds(): number {
    return this.#options.blockSeconds ?? Math.max(1, ...(this.#gaps.length > 0 ? this.#gaps : [FIRST_BLOCK_SECONDS]));
  }

  /** Worked out when asked, so that it is never out of date. */
  stall(): Stall | undefined {
    const seconds = (this.#dependencies.clock.now() - this.#cameAt) / 1000;
    return seconds >= BLOCK_TIMES * this.blockSeconds() ? { seconds } : undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, log, view } = this.#dependencies;
    while (!signal.aborted) {
      const stall = this.stall();
      if (stall && !this.#told) {
        const head = view.head()?.number;
        log.error({ head, seconds: stall.seconds, blockSeconds: this.blockSeconds() }, 'ALARM: the chain stalls');
        this.#told = true;
      }
      // Ended by `stop` alone.
      await clock.sleep((this.blockSeconds() * 1000) / LOOKS_PER_BLOCK_TIME, signal).catch(() => undefined);
    }
  }

  #look({ head }: ChainChange): void {
    const last = this.#last;
    if (last && head.number <= last.number && head.time <= last.time) return;
    const stall = this.stall();
    // What a stall took is not what a block usually takes.
    if (last && !stall && head.number > last.number)
      this.#remember((head.time - last.time) / (head.number - last.number));
    this.#last = head;
    this.#cameAt = this.#dependencies.clock.now();
    if (!this.#told) return;
    this.#told = false;
    this.#dependencies.log.info({ head: head.number, seconds: stall?.seconds }, 'the chain goes on');
  }

  #remember(gap: number): void {
    this.#gaps.push(gap);
    if (this.#gaps.length > REMEMBERED) this.#gaps.shift();
  }
}

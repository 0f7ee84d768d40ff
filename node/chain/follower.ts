// Follows the chain: reads blocks, keeps them, and feeds the view. What it keeps and what it shows never disagree.
import { XinlianError } from '../core/errors.ts';
import { readFinalRange, readHeader, readHeaders, withEvents, type Header } from './blocks.ts';
import { checkContracts } from './check-contracts.ts';
import type { ChainChange, ConsortiumContracts, FollowedBlock } from './events.ts';
import type { Finality } from './finality.ts';
import { LiveState } from './live-state.ts';
import type { Orphaned } from './narrowing.ts';
import type { ChainStore, Clock, Log, StoredBlock } from './ports.ts';
import { CrossCheck } from './cross-check.ts';
import type { Endpoints, Rpc } from './rpc.ts';
import { decodeBlock, decodeOrphaned, decodeState, encodeBlock, encodeOrphaned, encodeState } from './stored.ts';
import { ChainView } from './view.ts';

export interface FollowerOptions {
  contracts: ConsortiumContracts;
  finality: Finality;
  /** Between two looks at the head; 500 unless told. */
  pollMs?: number;
  /** Blocks read in one step near the head; 64 unless told. */
  batchBlocks?: number;
  /** Blocks in one range of final ones; 5,000 unless told. Halved while the engine refuses. */
  rangeBlocks?: number;
  /** How long finality waits for a second endpoint; 30 s unless told. */
  patienceMs?: number;
  /** Final blocks kept one by one before a snapshot takes their place; 2,000 unless told. */
  snapshotEvery?: number;
}

export interface FollowerDependencies {
  rpc: Rpc & Endpoints;
  store: ChainStore;
  clock: Clock;
  log: Log;
}

export interface FollowerStatus {
  /** Whether the last step reached the head of the chain. */
  caughtUp: boolean;
  /** Number of the engine's head when last seen. */
  chainHead: number | undefined;
  /** The fault of the last step, where it failed. */
  fault: unknown;
  /** The block from which on the endpoints contradict each other, and none has the majority. */
  disputed: number | undefined;
}

const LONGEST_PAUSE_MS = 10_000;
/** Between two comparisons of the endpoints' heads. */
const HEADS_MS = 5_000;
const LAG_BLOCKS = 2;
/** An endpoint that so often names a head and does not give the blocks below it is left. */
const BARREN_STEPS = 5;

export class Follower {
  readonly view: ChainView;
  readonly #options: Required<Omit<FollowerOptions, 'patienceMs'>>;
  readonly #dependencies: FollowerDependencies;
  readonly #live: LiveState;
  readonly #crossCheck: CrossCheck;
  readonly #caughtUp = Promise.withResolvers<void>();
  #keptSinceSnapshot: number;
  #range: number;
  #headsDue = 0;
  #barren = 0;
  /** Kept blocks above this number were taken back, and the store does not know yet. */
  #forget: number | undefined;
  #status: Omit<FollowerStatus, 'disputed'> = { caughtUp: false, chainHead: undefined, fault: undefined };
  #running: { abort: AbortController; done: Promise<void> } | undefined;
  #wake: AbortController | undefined;

  private constructor(options: FollowerOptions, dependencies: FollowerDependencies, live: LiveState, kept: number) {
    this.#options = {
      pollMs: 500,
      batchBlocks: 64,
      rangeBlocks: 5_000,
      snapshotEvery: 2_000,
      ...options,
    };
    this.#dependencies = dependencies;
    this.#live = live;
    this.#crossCheck = new CrossCheck(options, dependencies);
    this.#keptSinceSnapshot = kept;
    this.#range = this.#options.rangeBlocks;
    this.view = new ChainView(options.contracts, live);
  }

  /** Reads the memory, so that the view answers at once, before the chain is reached. A broken memory is read anew. */
  static async open(options: FollowerOptions, dependencies: FollowerDependencies): Promise<Follower> {
    try {
      const { live, kept } = await restore(dependencies.store);
      return new Follower(options, dependencies, live, kept);
    } catch (error) {
      if (!XinlianError.is(error, 'STORE_CORRUPT') && !XinlianError.is(error, 'CHAIN_WRONG')) throw error;
      dependencies.log.error({ error }, 'memory of the chain is broken: reading the chain from its deployment on');
      const live = new LiveState(undefined, await salvage(dependencies.store));
      const orphaned = encodeOrphaned(live.narrowings.orphaned);
      await dependencies.store.write({ above: -1, blocks: [], orphaned });
      return new Follower(options, dependencies, live, 0);
    }
  }

  /** Begins to follow, in the background, until `stop`. May be started again. */
  start(): void {
    if (this.#running) return;
    const abort = new AbortController();
    this.#running = { abort, done: this.#run(abort.signal) };
  }

  /** Ends after the step under way. Does nothing where it is not running. */
  async stop(): Promise<void> {
    const running = this.#running;
    running?.abort.abort(new XinlianError('CLOSED', { what: 'follower' }));
    await running?.done;
    this.#running = undefined;
  }

  /** Resolves when the head of the chain was reached for the first time. */
  async caughtUp(signal?: AbortSignal): Promise<void> {
    if (!signal) return this.#caughtUp.promise;
    const cancelled = Promise.withResolvers<never>();
    const cancel = (): void => cancelled.reject(signal.reason);
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    try {
      await Promise.race([this.#caughtUp.promise, cancelled.promise]);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  /** Looks at the head now instead of at the end of the pause: a transaction was just mined. */
  poke(): void {
    this.#wake?.abort();
  }

  /** Number of the head that the chain has now; -1 for none. Throws as `Rpc.call`. */
  async latest(signal?: AbortSignal): Promise<number> {
    return (await readHeader(this.#dependencies.rpc, 'latest', signal))?.number ?? -1;
  }

  get status(): FollowerStatus {
    return { ...this.#status, disputed: this.#crossCheck.disputed };
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#dependencies;
    let failures = 0;
    let checked = false;
    while (!signal.aborted) {
      let pause = this.#options.pollMs;
      try {
        // A wiped or foreign chain would read as one without events.
        if (!checked) await checkContracts(this.#dependencies.rpc, this.#options.contracts, signal);
        checked = true;
        const more = await this.#step(signal);
        failures = 0;
        if (more) pause = 0;
      } catch (error) {
        if (signal.aborted) break;
        failures++;
        // Another engine may answer from now on, and it may be of another consortium.
        checked = false;
        if (XinlianError.is(error, 'CHAIN_WRONG') || XinlianError.is(error, 'MALFORMED')) {
          this.#dependencies.rpc.leave('failed');
        }
        this.#status = { ...this.#status, caughtUp: false, fault: error };
        pause = Math.min(LONGEST_PAUSE_MS, this.#options.pollMs * 2 ** Math.min(failures, 10));
        log[failures === 1 ? 'warn' : 'debug']({ error: String(error), failures }, 'following the chain failed');
      }
      if (pause === 0) continue;
      this.#wake = new AbortController();
      await clock.sleep(pause, AbortSignal.any([signal, this.#wake.signal])).catch(() => undefined);
    }
  }

  /** One look at the chain. @returns whether there is more to read at once */
  async #step(signal: AbortSignal): Promise<boolean> {
    const { rpc, clock } = this.#dependencies;
    const { finality, contracts } = this.#options;
    const cursor = this.#live.head.block;
    const final = this.#live.final.block;
    const [head, tagged, finalNow] = await Promise.all([
      readHeader(rpc, 'latest', signal),
      finality.kind === 'tag' ? this.#finalized(signal) : undefined,
      final && readHeader(rpc, final.number, signal),
    ]);
    if (!head) throw new XinlianError('CHAIN_WRONG', { what: 'engine', wanted: 'a head', got: 'none' });
    this.#compareHeads(clock.now());
    let finalNumber: number | undefined =
      finality.kind === 'tag' ? (tagged?.number ?? -1) : head.number - finality.depth + 1;

    // An engine that has no such block lags, or lost its end: what it says next will tell.
    if (final && finalNow && finalNow.hash !== final.hash) {
      const { log } = this.#dependencies;
      const broken = { number: final.number, wanted: final.hash, got: finalNow.hash };
      if (await this.#crossCheck.upholds(final)) return true;
      log.error(broken, 'ALARM: the chain contradicts a block that was final; following it anew');
      await this.#startOver(broken);
      return true;
    }
    const next = cursor ? cursor.number + 1 : contracts.block;
    if (head.number < next) {
      if (cursor && (await this.#contradicted(head, signal))) return true;
      finalNumber = await this.#confirmed([], finalNumber);
      if (finalNumber === undefined) return true;
    } else if (finalNumber - next >= this.#options.batchBlocks && this.#live.pending.length === 0) {
      if (!(await this.#readRange(next, finalNumber, signal))) return true;
    } else {
      const last = Math.min(head.number, next + this.#options.batchBlocks - 1);
      const headers = await readHeaders(rpc, next, last, signal);
      if (cursor && headers[0] && headers[0].parent !== cursor.hash) return this.#reorganise(signal);
      if (this.#isBarren(headers, head.number)) return false;
      const blocks = await withEvents(rpc, contracts, headers, signal);
      finalNumber = await this.#confirmed(blocks, finalNumber);
      if (finalNumber === undefined) return true;
      if (blocks.length > 0) await this.#advance(blocks, finalNumber);
    }
    this.#finalise(finalNumber);
    await this.#compact();
    const reached = this.#live.head.block?.number ?? -1;
    this.#status = { caughtUp: reached >= head.number, chainHead: head.number, fault: undefined };
    if (this.#status.caughtUp) this.#caughtUp.resolve();
    return reached < head.number && reached > (cursor?.number ?? -1);
  }

  /** What the engine calls final; undefined where it has nothing final yet, which most refuse to answer. */
  async #finalized(signal: AbortSignal): Promise<Header | undefined> {
    try {
      return await readHeader(this.#dependencies.rpc, 'finalized', signal);
    } catch (error) {
      if (XinlianError.is(error, 'CHAIN_REFUSED')) return undefined;
      throw error;
    }
  }

  /** @returns whether what it read stands */
  async #readRange(next: number, finalNumber: number, signal: AbortSignal): Promise<boolean> {
    const to = Math.min(finalNumber, next + this.#range - 1);
    try {
      const { rpc } = this.#dependencies;
      const blocks = await readFinalRange(rpc, this.#options.contracts, next, to, signal);
      const confirmed = await this.#confirmed(blocks, to);
      if (confirmed === undefined) return false;
      if (this.#isBarren(blocks, to)) return true;
      const standing = blocks.filter(({ number }) => number <= confirmed);
      if (standing.length > 0) await this.#advance(standing, confirmed);
      this.#range = Math.min(this.#options.rangeBlocks, this.#range * 2);
      return true;
    } catch (error) {
      // Engines limit a range by blocks or by results, each in its own words: ask for less, down to a few blocks.
      if (!XinlianError.is(error, 'CHAIN_REFUSED') || this.#range <= 16) throw error;
      this.#range = Math.ceil(this.#range / 2);
      return true;
    }
  }

  /** Whether nothing was given below a head. An endpoint that is so again and again is left. */
  #isBarren(read: readonly unknown[], head: number): boolean {
    this.#barren = read.length > 0 ? 0 : this.#barren + 1;
    if (this.#barren >= BARREN_STEPS) {
      const { rpc, log } = this.#dependencies;
      log.error({ head }, 'the chain endpoint names a head and does not give the blocks below it');
      rpc.leave('contradicted');
      this.#barren = 0;
    }
    return read.length === 0;
  }

  /** Keeps the blocks, then shows them. */
  async #advance(blocks: FollowedBlock[], finalNumber: number): Promise<void> {
    const final = Math.max(this.view.final(), finalNumber);
    await this.#write(blocks.map((block) => ({ number: block.number, bytes: encodeBlock({ block, final }) })));
    try {
      this.#live.extend(blocks);
    } catch (error) {
      // Events that contradict each other: an engine left some out. Nothing that was read is sure.
      await this.#startOver();
      throw error;
    }
    this.#keptSinceSnapshot += blocks.length;
    const finalised = this.#live.finalise(finalNumber);
    this.#publish({ events: blocks.flatMap(({ events }) => events), undone: [], finalised });
  }

  /** Writes blocks, with what an earlier write that failed left to forget. */
  async #write(blocks: StoredBlock[]): Promise<void> {
    const above = this.#forget;
    const orphaned = encodeOrphaned(this.#live.narrowings.orphaned);
    await this.#dependencies.store.write({ ...(above !== undefined && { above, orphaned }), blocks });
    this.#forget = undefined;
  }

  #finalise(finalNumber: number): void {
    const before = this.view.final();
    const finalised = this.#live.finalise(finalNumber);
    if (this.view.final() > before) this.#publish({ events: [], undone: [], finalised });
  }

  #publish(change: Omit<ChainChange, 'head' | 'final'>): void {
    const head = this.view.head();
    this.view.publish({ head: head ?? { number: -1, hash: '0x', time: 0 }, final: this.view.final(), ...change });
  }

  /** Whether the engine's head, at or below ours, is of another branch. An engine that only lags is not. */
  async #contradicted(head: Header, signal: AbortSignal): Promise<boolean> {
    const own = this.#live.pending.find(({ number }) => number === head.number);
    return own !== undefined && own.hash !== head.hash && this.#reorganise(signal);
  }

  /** Goes back to the last block that the chain still has. @returns whether anything was taken back */
  async #reorganise(signal: AbortSignal): Promise<boolean> {
    const { rpc, log } = this.#dependencies;
    const { pending } = this.#live;
    let ancestor = this.view.final();
    for (let i = pending.length; i > 0; i -= this.#options.batchBlocks) {
      const some = pending.slice(Math.max(0, i - this.#options.batchBlocks), i);
      const headers = await Promise.all(some.map(({ number }) => readHeader(rpc, number, signal)));
      const same = some.findLastIndex((block, j) => headers[j]?.hash === block.hash);
      if (same < 0) continue;
      ancestor = some[same]?.number ?? ancestor;
      break;
    }
    const from = this.view.head();
    if (ancestor === from?.number) return false;
    log.warn({ from: from?.number, to: ancestor }, 'the chain was reorganised');
    await this.#takeBack(ancestor);
    return true;
  }

  /** Forgets the blocks above `number`, which MUST NOT be below the final one. */
  async #takeBack(number: number): Promise<void> {
    if (this.#live.pending.length === 0) return;
    const undone = this.#live.rollback(number);
    this.#publish({ events: [], undone: undone.flatMap(({ events }) => events), finalised: [] });
    this.#forget = Math.min(number, this.#forget ?? number);
    await this.#write([]);
  }

  /** Forgets all but what narrows, and reads the chain from the contracts' deployment on. */
  async #startOver(finalityBroken?: NonNullable<ChainChange['finalityBroken']>): Promise<void> {
    const undone = this.#live.pending.flatMap(({ events }) => events);
    this.#live.reset();
    this.#keptSinceSnapshot = 0;
    this.#publish({ events: [], undone, finalised: [], ...(finalityBroken && { finalityBroken }) });
    this.#forget = -1;
    await this.#write([]);
  }

  /** In the background: an endpoint that does not answer must not hold up the one that does. */
  #compareHeads(now: number): void {
    if (now < this.#headsDue) return;
    this.#headsDue = now + HEADS_MS;
    const { rpc, log } = this.#dependencies;
    rpc.compareHeads(LAG_BLOCKS).catch((error: unknown) => log.warn({ error }, 'comparing the heads failed'));
  }

  /**
   * How far the blocks are final: up to `finalNumber`, as far as another endpoint has them too.
   * @param blocks read now, and not kept yet
   * @returns undefined where the endpoint in use was found to say what is not so: what it told is taken back
   */
  async #confirmed(blocks: readonly FollowedBlock[], finalNumber: number): Promise<number | undefined> {
    const stretch = [...this.#live.pending, ...blocks].filter(({ number }) => number <= finalNumber);
    if (stretch.length === 0) return this.view.final();
    const verdict = await this.#crossCheck.judge(stretch, this.#live.final.block);
    if (verdict.kind === 'stands') return verdict.to;
    await this.#takeBack(this.view.final());
    return undefined;
  }

  async #compact(): Promise<void> {
    const final = this.#live.final.block;
    if (!final || this.#keptSinceSnapshot - this.#live.pending.length < this.#options.snapshotEvery) return;
    // Before the blocks that decided about them go: replaying them will not drop these again.
    const orphaned = encodeOrphaned(this.#live.narrowings.orphaned);
    await this.#dependencies.store.write({ blocks: [], orphaned });
    await this.#dependencies.store.compact({ number: final.number, bytes: encodeState(this.#live.final) });
    this.#keptSinceSnapshot = this.#live.pending.length;
  }
}

async function restore(store: ChainStore): Promise<{ live: LiveState; kept: number }> {
  const { snapshot, blocks, orphaned } = await store.load();
  const live = new LiveState(snapshot && decodeState(snapshot.bytes), orphaned && decodeOrphaned(orphaned));
  let final = snapshot?.number ?? -1;
  for (const { bytes } of blocks) {
    const kept = decodeBlock(bytes);
    live.extend([kept.block]);
    final = Math.max(final, kept.final);
    // Bounded memory: what is final need not wait for the last block.
    live.finalise(kept.final);
  }
  live.finalise(final);
  return { live, kept: blocks.length };
}

/** What reorganisations took back is nowhere on the chain: of a broken memory it is kept where it can be read. */
async function salvage(store: ChainStore): Promise<Orphaned | undefined> {
  const { orphaned } = await store.load();
  try {
    return orphaned && decodeOrphaned(orphaned);
  } catch (error) {
    if (XinlianError.is(error, 'STORE_CORRUPT')) return undefined;
    throw error;
  }
}

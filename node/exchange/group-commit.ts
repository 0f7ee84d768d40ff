// Many writers, one fsync: what is staged while a batch is on its way to the disk goes with the next one.
import { XinlianError } from '../core/errors.ts';
import type { WriteBatch } from './ports.ts';

/** Staged operations beyond which `ready` waits. */
const FULL = 4_096;

/**
 * Commits batches strictly one after the other, so that the disk never holds a later one without those before it.
 * The first failure ends it: what is in memory may be ahead of the disk, and only a restart makes them one again.
 */
export class GroupCommit<B extends WriteBatch & { readonly length: number }> {
  readonly #newBatch: () => B;
  readonly #beforeCommit: ((batch: B) => void)[] = [];
  #open: { batch: B; done: Promise<void> } | undefined;
  #last: Promise<void> = Promise.resolve();
  #failure: unknown;
  #room: (() => void)[] = [];

  constructor(newBatch: () => B) {
    this.#newBatch = newBatch;
  }

  /** Runs before every commit: adds what has to be written once a batch, however much was staged. */
  beforeCommit(hook: (batch: B) => void): void {
    this.#beforeCommit.push(hook);
  }

  /**
   * Adds to the open batch. `stage` runs at once, without a break, so that what it reads stays true until it has written.
   * @returns what `stage` returned, when it is durable
   */
  async run<T>(stage: (batch: B) => T): Promise<T> {
    if (this.#failure !== undefined) throw this.#closed();
    this.#open ??= this.#begin();
    const { batch, done } = this.#open;
    const result = stage(batch);
    await done;
    return result;
  }

  /** Resolves when there is room for more: what a caller awaits before `run` is the back-pressure of its sender. */
  async ready(): Promise<void> {
    while (this.#open && this.#open.batch.length >= FULL) {
      await new Promise<void>((resolve) => this.#room.push(resolve));
    }
    if (this.#failure !== undefined) throw this.#closed();
  }

  /** Resolves when everything staged so far is durable. */
  async drain(): Promise<void> {
    while (this.#open) await this.#open.done;
    await this.#last;
  }

  #begin(): { batch: B; done: Promise<void> } {
    const batch = this.#newBatch();
    const before = this.#last;
    const done = (async () => {
      await before;
      // Everything that is staged in this turn of the event loop joins.
      await new Promise((resolve) => setImmediate(resolve));
      this.#open = undefined;
      for (const wake of this.#room.splice(0)) wake();
      try {
        if (this.#failure !== undefined) throw this.#failure;
        for (const hook of this.#beforeCommit) hook(batch);
        await batch.commit();
      } catch (error) {
        this.#failure ??= error;
        throw error;
      }
    })();
    this.#last = done.catch(() => {});
    return { batch, done };
  }

  #closed(): XinlianError {
    return new XinlianError('CLOSED', { what: 'the store: a write failed' }, { cause: this.#failure });
  }
}

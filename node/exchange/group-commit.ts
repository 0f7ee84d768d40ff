// Many writers, one fsync: what is staged while a batch is on its way to the disk goes with the next one.
import { XinlianError } from '../core/errors.ts';
import type { WriteBatch } from './ports.ts';

/** Staged operations beyond which `ready` waits. */
const FULL = 4_096;

/** Adds to a batch what has to be written once, however much was staged. @returns what to call when it is durable */
export type CommitHook<B> = (batch: B) => (() => void) | undefined;

/**
 * Commits batches strictly one after the other, so that the disk never holds a later one without those before it.
 * The first failure ends it: what is in memory may be ahead of the disk, and only a restart makes them one again.
 */
export class GroupCommit<B extends WriteBatch & { readonly length: number }> {
  readonly #newBatch: () => B;
  readonly #hooks: CommitHook<B>[] = [];
  #open: { batch: B; done: Promise<void> } | undefined;
  #last: Promise<void> = Promise.resolve();
  #failure: { cause: unknown } | undefined;
  #room: (() => void)[] = [];

  constructor(newBatch: () => B) {
    this.#newBatch = newBatch;
  }

  /** Runs before every commit. */
  beforeCommit(hook: CommitHook<B>): void {
    this.#hooks.push(hook);
  }

  /** Whether a failure has ended it: nothing is written any more. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Adds to the open batch. `stage` runs at once, without a break, so that what it reads stays true until it has written.
   * A `stage` that throws MUST NOT have changed anything; one that has added to the batch by then ends it for all.
   * @returns what `stage` returned, when it is durable
   * @throws what `stage` or the write throws; CLOSED after a failure
   */
  async run<T>(stage: (batch: B) => T): Promise<T> {
    this.#checkOpen();
    this.#open ??= this.#begin();
    const { batch, done } = this.#open;
    const before = batch.length;
    let result: T;
    try {
      result = stage(batch);
    } catch (cause) {
      if (batch.length > before) this.#failure ??= { cause };
      throw cause;
    }
    await done;
    return result;
  }

  /** Resolves when there is room for more: what a caller awaits before `run` is the back-pressure of its sender. */
  async ready(): Promise<void> {
    while (this.#open && this.#open.batch.length >= FULL) {
      await new Promise<void>((resolve) => this.#room.push(resolve));
    }
    this.#checkOpen();
  }

  /** Resolves when everything staged so far is durable. @throws CLOSED where some of it never will be */
  async drain(): Promise<void> {
    while (this.#open) await this.#open.done;
    await this.#last;
    this.#checkOpen();
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
      this.#checkOpen();
      try {
        const settle = this.#hooks.map((hook) => hook(batch));
        await batch.commit();
        for (const settled of settle) settled?.();
      } catch (cause) {
        this.#failure ??= { cause };
        throw cause;
      }
    })();
    this.#last = done.catch(() => {});
    return { batch, done };
  }

  #checkOpen(): void {
    if (!this.#failure) return;
    throw new XinlianError('CLOSED', { what: 'the store: a write failed' }, { cause: this.#failure.cause });
  }
}

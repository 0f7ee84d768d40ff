// Work that several callers wait for: it is done once, and goes on for as long as one of them waits.

interface UnderWay<T> {
  digest: string;
  done: Promise<T>;
  waiting: number;
  abort: AbortController;
}

export class SharedWork<T> {
  readonly #underWay = new Map<string, UnderWay<T>>();

  /** Digest of what is under way by a name; undefined: nothing. */
  digestOf(name: string): string | undefined {
    return this.#underWay.get(name)?.digest;
  }

  /**
   * Joins what is under way by this name, or begins it.
   * @param signal ends this caller's wait; the work is told to end when nobody waits any more
   * @throws what the work throws; the signal's reason
   */
  async run(name: string, digest: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const shared = this.#underWay.get(name) ?? this.#begin(name, digest, work);
    shared.waiting++;
    const left = Promise.withResolvers<never>();
    const leave = (): void => left.reject(signal.reason as Error);
    signal.addEventListener('abort', leave);
    try {
      return await Promise.race([shared.done, left.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
      shared.waiting--;
      if (shared.waiting === 0) {
        this.#forget(name, shared);
        shared.abort.abort(signal.reason);
      }
    }
  }

  #begin(name: string, digest: string, work: (signal: AbortSignal) => Promise<T>): UnderWay<T> {
    const abort = new AbortController();
    const shared = { digest, done: work(abort.signal), waiting: 0, abort };
    this.#underWay.set(name, shared);
    return shared;
  }

  #forget(name: string, shared: UnderWay<T>): void {
    if (this.#underWay.get(name) === shared) this.#underWay.delete(name);
  }
}

// Who waits for something to come, by name.

export interface Waiter {
  /**
   * Resolves when it is woken, at once where it was woken already, or when the time is over.
   * @throws the signal's reason
   */
  within(ms: number, signal: AbortSignal): Promise<void>;
  /** MUST be called in the end. */
  end(): void;
}

export class Waiting {
  readonly #waiting = new Map<string, Set<() => void>>();

  has(name: string): boolean {
    return this.#waiting.has(name);
  }

  wake(name: string): void {
    for (const wake of this.#waiting.get(name) ?? []) wake();
  }

  /** Begins to listen: taken before one looks, it misses nothing that comes while one looks. */
  next(name: string): Waiter {
    const woken = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiting.add(woken.resolve));
    return {
      within: (ms, signal) => until(woken, ms, signal),
      end: () => {
        waiting.delete(woken.resolve);
        if (waiting.size === 0 && this.#waiting.get(name) === waiting) this.#waiting.delete(name);
      },
    };
  }
}

async function until(woken: PromiseWithResolvers<void>, ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const abandon = (): void => woken.reject(signal.reason as Error);
  const timer = setTimeout(woken.resolve, ms);
  signal.addEventListener('abort', abandon);
  try {
    await woken.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abandon);
  }
}

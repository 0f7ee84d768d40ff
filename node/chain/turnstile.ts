// Lets so many at a time through; the others wait in the order in which they came.

export class Turnstile {
  #free: number;
  readonly #waiting: { enter: () => void }[] = [];

  constructor(width: number) {
    this.#free = width;
  }

  /** Runs `work` when there is room. @throws the signal's reason, while waiting */
  async pass<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next.enter();
      else this.#free++;
    }
  }

  async #enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const turn = Promise.withResolvers<void>();
    const place = { enter: turn.resolve };
    const leave = (): void => {
      const at = this.#waiting.indexOf(place);
      // Already let in: the turn is its own to give back.
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      turn.reject(signal?.reason);
    };
    this.#waiting.push(place);
    signal?.addEventListener('abort', leave, { once: true });
    try {
      await turn.promise;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }
}

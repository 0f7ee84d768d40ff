// Work on one thing goes one after the other.

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` when what was begun before under this name has ended, however it ended. */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const done = (this.#last.get(name) ?? Promise.resolve()).then(work, work);
    const settled = done.catch(() => undefined);
    this.#last.set(name, settled);
    try {
      return await done;
    } finally {
      if (this.#last.get(name) === settled) this.#last.delete(name);
    }
  }
}

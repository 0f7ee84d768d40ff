// An ordered start that can be undone.
/** What was started and must be stopped: the last first. */
export class Lifecycle {
  readonly #stops: (() => unknown)[] = [];

  defer(stop: () => unknown): void {
    this.#stops.push(stop);
  }

  /** Stops all of it whatever fails on the way, then throws the first fault. Twice does nothing more. */
  async stop(): Promise<void> {
    const faults: unknown[] = [];
    for (let stop = this.#stops.pop(); stop; stop = this.#stops.pop()) {
      try {
        await stop();
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
  }
}

/** Starts in order, and undoes what was started where a later part fails. */
export async function startWhole<T>(
  start: (started: Lifecycle) => Promise<T>,
  log: { error(details: object, message: string): void },
): Promise<T> {
  const started = new Lifecycle();
  try {
    return await start(started);
  } catch (error) {
    await started.stop().catch((fault: unknown) => log.error({ err: fault }, 'stopping after a failed start failed'));
    throw error;
  }
}

// How much one peer may have served at the same time, over all its streams.
export class InboundQuota {
  readonly #maxCalls: number;
  readonly #maxBytes: number;
  #calls = 0;
  #bytes = 0;

  constructor(options: { maxCalls: number; maxBytes: number }) {
    this.#maxCalls = options.maxCalls;
    this.#maxBytes = options.maxBytes;
  }

  /** @returns whether there was room; then the same `bytes` MUST be given back once */
  take(bytes: number): boolean {
    if (this.#calls >= this.#maxCalls || this.#bytes + bytes > this.#maxBytes) return false;
    this.#calls++;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#calls--;
    this.#bytes -= bytes;
  }
}

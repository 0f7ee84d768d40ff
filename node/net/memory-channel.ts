// Two channels, each the other's far end.
import type { Channel, ChannelListener } from './transport.ts';

/** Bytes that wait at the far end before a channel counts as full. */
const HIGH_WATER = 256 * 1024;

export class MemoryChannel implements Channel {
  #far: MemoryChannel = this;
  #listener: ChannelListener | undefined;
  #arrived: Uint8Array[] = [];
  #arrivedBytes = 0;
  #paused = false;
  #closed: Error | undefined;
  #drainWaiters: (() => void)[] = [];
  #closeWatchers: (() => void)[] = [];

  static pair(): [MemoryChannel, MemoryChannel] {
    const near = new MemoryChannel();
    const far = new MemoryChannel();
    near.#far = far;
    far.#far = near;
    return [near, far];
  }

  attach(listener: ChannelListener): void {
    this.#listener = listener;
    setImmediate(() => (this.#closed === undefined ? this.#deliver() : listener.closed(this.#closed.message)));
  }

  send(bytes: Uint8Array): boolean {
    if (this.#closed !== undefined) return true;
    const far = this.#far;
    return far.#receive(bytes);
  }

  async drained(): Promise<void> {
    if (this.#closed !== undefined || this.#far.#arrivedBytes < HIGH_WATER) return;
    await new Promise<void>((resolve) => {
      this.#drainWaiters.push(resolve);
    });
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    setImmediate(() => this.#deliver());
  }

  close(reason: Error): void {
    this.#end(reason);
    this.#far.#end(new Error('closed by the peer'));
  }

  /** Calls `watcher` when the channel closes, whichever end did it. */
  onClosed(watcher: () => void): void {
    this.#closeWatchers.push(watcher);
  }

  #receive(bytes: Uint8Array): boolean {
    this.#arrived.push(bytes);
    this.#arrivedBytes += bytes.length;
    setImmediate(() => this.#deliver());
    return this.#arrivedBytes < HIGH_WATER;
  }

  #deliver(): void {
    while (this.#listener !== undefined && !this.#paused && this.#closed === undefined) {
      const chunk = this.#arrived.shift();
      if (chunk === undefined) break;
      this.#arrivedBytes -= chunk.length;
      this.#listener.data(chunk);
    }
    if (this.#arrivedBytes < HIGH_WATER) this.#far.#wake();
  }

  #wake(): void {
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const resolve of waiters) resolve();
  }

  #end(reason: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#arrived = [];
    this.#wake();
    for (const watcher of this.#closeWatchers) watcher();
    setImmediate(() => this.#listener?.closed(reason.message));
  }
}

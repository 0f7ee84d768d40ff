// Sends frames over a channel as fast as the channel takes them.
import { concat } from '../core/bytes.ts';
import type { Channel } from './transport.ts';

/** Small frames that wait together go as one chunk of at most this size: a chunk costs a cipher run and a system call. */
const BATCH_LENGTH = 64 * 1024;

interface Queued {
  head: Uint8Array;
  body: Uint8Array;
  onGone: (() => void) | undefined;
}

export class FrameWriter {
  readonly #channel: Channel;
  #queue: Queued[] = [];
  #queuedBytes = 0;
  #running = false;
  #closed = false;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Bytes that the channel has not taken yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /**
   * Queues a frame.
   *
   * @param onGone called once, when the channel has taken it or it was dropped at the close
   * @returns withdraws the frame; false where it has gone already
   */
  enqueue(head: Uint8Array, body: Uint8Array, onGone?: () => void): () => boolean {
    if (this.#closed) {
      onGone?.();
      return () => false;
    }
    const queued: Queued = { head, body, onGone };
    this.#queue.push(queued);
    this.#queuedBytes += head.length + body.length;
    if (!this.#running) {
      this.#running = true;
      // Later than the promises of this turn, whose frames then share a chunk.
      setImmediate(() => void this.#run());
    }
    return () => this.#withdraw(queued);
  }

  close(): void {
    const dropped = this.#queue;
    this.#closed = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    for (const { onGone } of dropped) onGone?.();
  }

  #withdraw(queued: Queued): boolean {
    const index = this.#queue.indexOf(queued);
    if (index === -1) return false;
    this.#queue.splice(index, 1);
    this.#queuedBytes -= queued.head.length + queued.body.length;
    return true;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      const more = this.#send(batch);
      for (const { onGone } of batch) onGone?.();
      if (!more) await this.#channel.drained();
    }
    this.#running = false;
  }

  #takeBatch(): Queued[] {
    let size = 0;
    let count = 0;
    for (const { head, body } of this.#queue) {
      const length = head.length + body.length;
      if (count > 0 && size + length > BATCH_LENGTH) break;
      size += length;
      count++;
    }
    this.#queuedBytes -= size;
    return this.#queue.splice(0, count);
  }

  #send(batch: Queued[]): boolean {
    const [first] = batch;
    if (batch.length === 1 && first !== undefined && first.body.length > BATCH_LENGTH) {
      this.#channel.send(first.head);
      return this.#channel.send(first.body);
    }
    return this.#channel.send(concat(...batch.flatMap(({ head, body }) => [head, body])));
  }
}

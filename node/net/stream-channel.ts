// A libp2p stream as a channel.
import type { Stream, StreamMessageEvent } from '@libp2p/interface';
import type { Channel, ChannelListener } from './transport.ts';

/** Below this the stream has so little left to send that more may follow. */
const LOW_WATER = 64 * 1024;

export class StreamChannel implements Channel {
  readonly #stream: Stream;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  attach(listener: ChannelListener): void {
    const stream = this.#stream;
    const onMessage = ({ data }: StreamMessageEvent) => {
      if (data instanceof Uint8Array) return listener.data(data);
      for (const chunk of data) listener.data(chunk);
    };
    const onClose = (error?: Error) => {
      stream.removeEventListener('message', onMessage);
      listener.closed(error?.message ?? 'closed by the peer');
    };
    stream.addEventListener('close', ({ error }) => onClose(error), { once: true });
    // Neither end half-closes: a peer that ends its half is gone.
    stream.addEventListener('remoteCloseWrite', () => this.close(new Error('closed by the peer')), { once: true });
    stream.addEventListener('message', onMessage);
    queueMicrotask(() => {
      if (!this.#open) onClose();
      else if (stream.remoteWriteStatus === 'closed') this.close(new Error('closed by the peer'));
    });
  }

  send(bytes: Uint8Array): boolean {
    if (!this.#open) return true;
    try {
      return this.#stream.send(bytes);
    } catch (error) {
      // The stream aborts itself where its connection refuses to write; this covers the other cases.
      this.close(error instanceof Error ? error : new Error(String(error)));
      return true;
    }
  }

  async drained(): Promise<void> {
    while (this.#open && (this.#stream.writableNeedsDrain || this.#stream.writeBufferLength > LOW_WATER)) {
      await this.#nextChange();
    }
  }

  pause(): void {
    if (this.#open) this.#stream.pause();
  }

  resume(): void {
    if (this.#open && this.#stream.readStatus === 'paused') this.#stream.resume();
  }

  close(reason: Error): void {
    this.#stream.abort(reason);
  }

  get #open(): boolean {
    return this.#stream.status === 'open';
  }

  #nextChange(): Promise<void> {
    const stream = this.#stream;
    return new Promise((resolve) => {
      const done = () => {
        for (const type of ['drain', 'idle', 'close'] as const) stream.removeEventListener(type, done);
        resolve();
      };
      for (const type of ['drain', 'idle', 'close'] as const) stream.addEventListener(type, done);
    });
  }
}

// The asking end of one RPC stream.
import { XinlianError } from '../core/errors.ts';
import { decodeError, publicError } from './call-error.ts';
import { encodeHead, FrameDecoder } from './frames.ts';
import type { Frame } from './frames.ts';
import { FrameWriter } from './frame-writer.ts';
import type { Log } from './host.ts';
import type { Channel } from './transport.ts';

interface Pending {
  resolve(answer: Uint8Array): void;
  reject(error: unknown): void;
}

const NO_BODY = new Uint8Array(0);
const CALL_IDS = 2 ** 32;

export interface CallerOptions {
  /** The peer's key in hex, for errors. */
  peer: string;
  maxFrame: number;
  log: Log;
}

export class Caller {
  readonly #channel: Channel;
  readonly #writer: FrameWriter;
  readonly #decoder: FrameDecoder;
  readonly #options: CallerOptions;
  readonly #pending = new Map<number, Pending>();
  #lastCallId = 0;
  #closed: XinlianError | undefined;

  constructor(channel: Channel, options: CallerOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#writer = new FrameWriter(channel);
    this.#decoder = new FrameDecoder(options.maxFrame);
    channel.attach({
      data: (chunk) => this.#onData(chunk),
      closed: (reason) => this.close(new XinlianError('UNREACHABLE', { peer: options.peer, reason })),
    });
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * @param argument checked for its length already
   * @param signal its reason is what the call fails with
   */
  call(method: string, argument: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const callId = this.#nextCallId();
    const head = encodeHead({ callId, type: 'request', method }, argument.length);
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    this.#pending.set(callId, { resolve, reject });
    const withdraw = this.#writer.enqueue(head, argument);
    const abandon = () => {
      if (!withdraw()) this.#writer.enqueue(encodeHead({ callId, type: 'cancel' }, 0), NO_BODY);
      reject(signal.reason);
    };
    signal.addEventListener('abort', abandon, { once: true });
    return promise.finally(() => {
      signal.removeEventListener('abort', abandon);
      this.#pending.delete(callId);
    });
  }

  /** Fails every call under way with `error`, and closes the channel. */
  close(error: XinlianError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#writer.close();
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#channel.close(error);
    const { log, peer } = this.#options;
    log.debug({ peer, code: error.code, details: error.details }, 'stream closed');
  }

  #nextCallId(): number {
    do {
      this.#lastCallId = (this.#lastCallId + 1) % CALL_IDS;
    } while (this.#pending.has(this.#lastCallId));
    return this.#lastCallId;
  }

  #onData(chunk: Uint8Array): void {
    if (this.#closed !== undefined) return;
    try {
      for (const frame of this.#decoder.push(chunk)) this.#onFrame(frame);
    } catch (error) {
      this.close(publicError(error, this.#options.log, { peer: this.#options.peer }));
    }
  }

  #onFrame({ callId, type, body }: Frame): void {
    // An answer to a call that was given up still arrives, and is dropped.
    const pending = this.#pending.get(callId);
    switch (type) {
      case 'answer':
        return pending?.resolve(body);
      case 'error': {
        // Decoded even where nobody waits: a peer that sends nonsense is cut off.
        const error = decodeError(body);
        return pending?.reject(error);
      }
      case 'request':
      case 'cancel':
        throw new XinlianError('MALFORMED', { what: 'frame', wanted: 'answer or error', got: type });
    }
  }
}

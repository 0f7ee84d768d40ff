// Our way to one peer: the stream that is open, or the next one.
import { toHex } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import { abortable } from './abortable.ts';
import { Caller } from './caller.ts';
import type { Log, PeerAddress } from './host.ts';
import { OutboundSlots } from './outbound-slots.ts';
import type { Channel } from './transport.ts';

const DIAL_TIMEOUT_MS = 10_000;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 2_000;

export interface PeerLinkOptions {
  publicKey: Uint8Array;
  maxFrame: number;
  maxCalls: number;
  maxWaiting: number;
}

export interface PeerLinkDependencies {
  /** @throws XinlianError `UNREACHABLE`, or the reason of `signal` */
  open: (peer: PeerAddress, signal: AbortSignal) => Promise<Channel>;
  /** Milliseconds, monotonic. */
  now: () => number;
  log: Log;
}

/**
 * Calls share one stream, opened by the first that needs it. A lost stream is opened again at once; after a failed
 * dial, calls fail at once for a while (100 ms, doubled up to 2 s) instead of each waiting for a dead address.
 */
export class PeerLink {
  readonly publicKey: Uint8Array;
  /** The key in hex. */
  readonly #peer: string;
  readonly #maxFrame: number;
  readonly #dependencies: PeerLinkDependencies;
  readonly #slots: OutboundSlots;
  readonly #closing = new AbortController();
  #caller: Caller | undefined;
  #opening: Promise<Caller> | undefined;
  #failures = 0;
  #retryAt = 0;

  constructor(options: PeerLinkOptions, dependencies: PeerLinkDependencies) {
    this.publicKey = options.publicKey;
    this.#peer = toHex(options.publicKey);
    this.#maxFrame = options.maxFrame;
    this.#dependencies = dependencies;
    this.#slots = new OutboundSlots(options);
  }

  async call(peer: PeerAddress, method: string, argument: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    await this.#slots.acquire(`calls to peer ${this.#peer}`, signal);
    try {
      const open = this.#caller?.closed === false ? this.#caller : undefined;
      const caller = open ?? (await abortable((this.#opening ??= this.#open(peer)), signal));
      return await caller.call(method, argument, signal);
    } finally {
      this.#slots.release();
    }
  }

  /** The peer was heard of: the next call dials at once. */
  forgive(): void {
    this.#failures = 0;
    this.#retryAt = 0;
  }

  /** Fails calls under way with `error`; the link is of no use after that. */
  close(error: XinlianError): void {
    this.#closing.abort(error);
    this.#caller?.close(error);
  }

  async #open(peer: PeerAddress): Promise<Caller> {
    try {
      const channel = await this.#dial(peer);
      const { log } = this.#dependencies;
      this.#caller = new Caller(channel, { peer: this.#peer, maxFrame: this.#maxFrame, log });
      return this.#caller;
    } finally {
      this.#opening = undefined;
    }
  }

  async #dial(peer: PeerAddress): Promise<Channel> {
    const { now, open, log } = this.#dependencies;
    this.#closing.signal.throwIfAborted();
    const wait = this.#retryAt - now();
    if (wait > 0) {
      const reason = `the last dial failed; the next is due in ${Math.ceil(wait)} ms`;
      throw new XinlianError('UNREACHABLE', { peer: this.#peer, reason });
    }
    const timeout = new AbortController();
    const timer = setTimeout(() => {
      const reason = `no connection within ${DIAL_TIMEOUT_MS} ms`;
      timeout.abort(new XinlianError('UNREACHABLE', { peer: this.#peer, reason }));
    }, DIAL_TIMEOUT_MS);
    try {
      const channel = await open(peer, AbortSignal.any([timeout.signal, this.#closing.signal]));
      if (this.#closing.signal.aborted) channel.close(new Error('closed while it was opened'));
      this.#closing.signal.throwIfAborted();
      this.forgive();
      return channel;
    } catch (error) {
      const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** this.#failures, LONGEST_BACKOFF_MS);
      this.#failures++;
      this.#retryAt = now() + backoff;
      log.debug({ peer: this.#peer, err: error, backoff }, 'dial failed');
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

// The answering end of one RPC stream.
import { malformed, XinlianError } from '../core/errors.ts';
import { encodeError, publicError } from './call-error.ts';
import { checkLength, decodeRequest, encodeHead, FrameDecoder } from './frames.ts';
import type { Frame, FrameType } from './frames.ts';
import { FrameWriter } from './frame-writer.ts';
import type { CallContext, Log } from './host.ts';
import type { InboundQuota } from './inbound-quota.ts';
import type { Channel } from './transport.ts';

/** A peer that does not read its answers is not read from either, once this much waits for it. */
const PAUSE_ABOVE = 1024 * 1024;
const RESUME_BELOW = 512 * 1024;
const RETRY_AFTER_SECONDS = 1;

export interface ResponderOptions {
  /** The peer's Ed25519 key. */
  peer: Uint8Array;
  /** The same in hex, for logs. */
  peerName: string;
  maxFrame: number;
  /** Shared by all streams of the peer. */
  quota: InboundQuota;
  log: Log;
  serve: (method: string, argument: Uint8Array, context: CallContext) => Promise<Uint8Array>;
  onClosed: () => void;
}

export class Responder {
  readonly #channel: Channel;
  readonly #writer: FrameWriter;
  readonly #decoder: FrameDecoder;
  readonly #options: ResponderOptions;
  readonly #running = new Map<number, AbortController>();
  #paused = false;
  #closed = false;

  constructor(channel: Channel, options: ResponderOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#writer = new FrameWriter(channel);
    this.#decoder = new FrameDecoder(options.maxFrame);
    channel.attach({
      data: (chunk) => this.#onData(chunk),
      closed: (reason) => this.close(new XinlianError('UNREACHABLE', { peer: options.peerName, reason })),
    });
  }

  /** Aborts what is being served, with `error` as the reason, and closes the channel. */
  close(error: XinlianError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#writer.close();
    for (const controller of this.#running.values()) controller.abort(error);
    this.#channel.close(error);
    this.#options.onClosed();
  }

  #onData(chunk: Uint8Array): void {
    if (this.#closed) return;
    try {
      for (const frame of this.#decoder.push(chunk)) this.#onFrame(frame);
    } catch (error) {
      const { log, peerName } = this.#options;
      const fault = publicError(error, log, { peer: peerName });
      log.warn({ peer: peerName, code: fault.code, details: fault.details }, 'bad frame');
      this.close(fault);
    }
  }

  #onFrame({ callId, type, body }: Frame): void {
    switch (type) {
      case 'request':
        return this.#onRequest(callId, body);
      case 'cancel':
        // The answer may have gone already: then there is nothing to cancel.
        return this.#running.get(callId)?.abort(new XinlianError('CANCELLED', { what: `call ${callId}` }));
      case 'answer':
      case 'error':
        malformed('frame', 'request or cancel', type);
    }
  }

  #onRequest(callId: number, body: Uint8Array): void {
    const { method, argument } = decodeRequest(body);
    if (this.#running.has(callId)) malformed('call id', 'one that is not in use', callId);
    const { quota } = this.#options;
    if (!quota.take(body.length)) {
      const what = `calls of peer ${this.#options.peerName}`;
      this.#sendError(callId, new XinlianError('OVERLOADED', { what, retryAfterSeconds: RETRY_AFTER_SECONDS }));
      return;
    }
    const controller = new AbortController();
    this.#running.set(callId, controller);
    void this.#run(callId, method, argument, controller.signal, () => quota.give(body.length));
  }

  /** Never rejects. */
  async #run(
    callId: number,
    method: string,
    argument: Uint8Array,
    signal: AbortSignal,
    release: () => void,
  ): Promise<void> {
    const { serve, peer, peerName, maxFrame, log } = this.#options;
    try {
      const answer = await serve(method, argument, { peer, signal });
      checkLength(`answer of ${method}`, answer.length, maxFrame);
      this.#finish(callId, signal, release, () => this.#send(callId, 'answer', answer, release));
    } catch (error) {
      this.#finish(callId, signal, release, () =>
        this.#sendError(callId, publicError(error, log, { peer: peerName, method }), release),
      );
    }
  }

  #finish(callId: number, signal: AbortSignal, release: () => void, answer: () => void): void {
    this.#running.delete(callId);
    if (signal.aborted) release();
    else answer();
  }

  #sendError(callId: number, error: XinlianError, onGone?: () => void): void {
    const { log, peerName, maxFrame } = this.#options;
    let body: Uint8Array;
    try {
      body = encodeError(error);
      checkLength('error', body.length, maxFrame);
    } catch (cause) {
      const hidden = new Error(`an error that cannot be sent: ${error.code}`, { cause });
      body = encodeError(publicError(hidden, log, { peer: peerName }));
    }
    this.#send(callId, 'error', body, onGone);
  }

  #send(callId: number, type: FrameType, body: Uint8Array, onGone?: () => void): void {
    this.#writer.enqueue(encodeHead({ callId, type }, body.length), body, () => {
      onGone?.();
      if (this.#paused && !this.#closed && this.#writer.queuedBytes < RESUME_BELOW) {
        this.#paused = false;
        this.#channel.resume();
      }
    });
    if (!this.#paused && !this.#closed && this.#writer.queuedBytes > PAUSE_ABOVE) {
      this.#paused = true;
      this.#channel.pause();
    }
  }
}

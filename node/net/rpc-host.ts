// Calls between admitted peers, over any transport.
import { equalBytes, toHex } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import { abortable } from './abortable.ts';
import { publicError } from './call-error.ts';
import { checkLength, checkMethod, MAX_FRAME } from './frames.ts';
import type { CallContext, CallOptions, Handler, Host, HostDependencies, HostLimits, PeerAddress } from './host.ts';
import { InboundQuota } from './inbound-quota.ts';
import { PeerLink } from './peer-link.ts';
import { Responder } from './responder.ts';
import type { Channel, Transport } from './transport.ts';

const DEFAULT_TIMEOUT_MS = 30_000;

/** One peer as a caller of ours. */
interface Guest {
  peer: Uint8Array;
  quota: InboundQuota;
  responders: Set<Responder>;
}

export interface RpcHostDependencies extends HostDependencies {
  transport: Transport;
  /** Milliseconds, monotonic. */
  now: () => number;
}

export class RpcHost implements Host {
  readonly publicKey: Uint8Array;
  readonly #limits: Required<HostLimits>;
  readonly #dependencies: RpcHostDependencies;
  readonly #handlers = new Map<string, Handler>();
  readonly #links = new Map<string, PeerLink>();
  readonly #guests = new Map<string, Guest>();
  readonly #calls = new Set<AbortController>();
  #running = false;
  #transition = Promise.resolve();

  constructor(limits: HostLimits, dependencies: RpcHostDependencies) {
    this.publicKey = dependencies.transport.publicKey;
    this.#dependencies = dependencies;
    this.#limits = {
      maxFrame: MAX_FRAME,
      maxInboundCalls: 512,
      maxInboundBytes: 64 * 1024 * 1024,
      maxOutboundCalls: 256,
      maxWaitingCalls: 4_096,
      ...limits,
    };
  }

  start(): Promise<void> {
    return this.#inOrder(async () => {
      if (this.#running) return;
      await this.#dependencies.transport.start((peer, channel) => this.#accept(peer, channel));
      this.#running = true;
    });
  }

  stop(): Promise<void> {
    return this.#inOrder(async () => {
      if (!this.#running) return;
      this.#running = false;
      const closed = new XinlianError('CLOSED', { what: 'host' });
      for (const call of this.#calls) call.abort(closed);
      for (const link of this.#links.values()) link.close(closed);
      for (const guest of this.#guests.values()) closeAll(guest, closed);
      this.#links.clear();
      await this.#dependencies.transport.stop();
    });
  }

  addresses(): string[] {
    return this.#running ? this.#dependencies.transport.addresses() : [];
  }

  handle(method: string, handler: Handler): void {
    checkMethod(method);
    if (this.#handlers.has(method)) {
      throw new XinlianError('CONFLICT', { what: `handler of ${method}`, wanted: 'one', got: 'a second' });
    }
    this.#handlers.set(method, handler);
  }

  async call(peer: PeerAddress, method: string, argument: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    checkMethod(method);
    checkLength(`argument of ${method}`, argument.length, this.#limits.maxFrame, 1 + method.length);
    this.#assertRunning();
    this.#assertAdmitted(peer.publicKey);
    const controller = new AbortController();
    const cancel = () => controller.abort(new XinlianError('CANCELLED', { what: method }, { cause: signal?.reason }));
    const timer = setTimeout(
      () => controller.abort(new XinlianError('TIMEOUT', { what: method, afterMs: timeoutMs })),
      timeoutMs,
    );
    this.#calls.add(controller);
    if (signal?.aborted === true) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      if (equalBytes(peer.publicKey, this.publicKey)) return await this.#callSelf(method, argument, controller.signal);
      return await this.#linkTo(peer.publicKey).call(peer, method, argument, controller.signal);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      this.#calls.delete(controller);
    }
  }

  async recheck(): Promise<void> {
    for (const [name, link] of this.#links) {
      if (this.#dependencies.admits(link.publicKey)) continue;
      this.#links.delete(name);
      link.close(new XinlianError('PEER_NOT_ADMITTED', { peer: name }));
    }
    for (const [name, guest] of this.#guests) {
      if (!this.#dependencies.admits(guest.peer))
        closeAll(guest, new XinlianError('PEER_NOT_ADMITTED', { peer: name }));
    }
    await this.#dependencies.transport.disconnectRefused();
  }

  /** One start or stop at a time. */
  #inOrder(step: () => Promise<void>): Promise<void> {
    const done = this.#transition.then(step);
    this.#transition = done.catch(() => {});
    return done;
  }

  #assertRunning(): void {
    if (!this.#running) throw new XinlianError('CLOSED', { what: 'host' });
  }

  #assertAdmitted(publicKey: Uint8Array): void {
    if (!this.#dependencies.admits(publicKey)) {
      throw new XinlianError('PEER_NOT_ADMITTED', { peer: toHex(publicKey) });
    }
  }

  #linkTo(publicKey: Uint8Array): PeerLink {
    const name = toHex(publicKey);
    let link = this.#links.get(name);
    if (link === undefined) {
      const { transport, now, log } = this.#dependencies;
      const { maxFrame, maxOutboundCalls, maxWaitingCalls } = this.#limits;
      link = new PeerLink(
        { publicKey, maxFrame, maxCalls: maxOutboundCalls, maxWaiting: maxWaitingCalls },
        { open: (peer, signal) => transport.open(peer, signal), now, log },
      );
      this.#links.set(name, link);
    }
    return link;
  }

  /** A node that hosts several members may call itself; no network dials its own key. */
  async #callSelf(method: string, argument: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    try {
      const context = { peer: this.publicKey, signal };
      return await abortable(this.#serve(method, argument.slice(), context), signal);
    } catch (error) {
      throw publicError(error, this.#dependencies.log, { method });
    }
  }

  async #serve(method: string, argument: Uint8Array, context: CallContext): Promise<Uint8Array> {
    this.#assertAdmitted(context.peer);
    const handler = this.#handlers.get(method);
    if (handler === undefined) throw new XinlianError('METHOD_UNKNOWN', { method });
    return handler(argument, context);
  }

  #accept(peer: Uint8Array, channel: Channel): void {
    const name = toHex(peer);
    if (!this.#dependencies.admits(peer)) {
      channel.close(new XinlianError('PEER_NOT_ADMITTED', { peer: name }));
      return;
    }
    this.#links.get(name)?.forgive();
    const { maxFrame, maxInboundCalls: maxCalls, maxInboundBytes: maxBytes } = this.#limits;
    const guest = this.#guests.get(name) ?? {
      peer,
      quota: new InboundQuota({ maxCalls, maxBytes }),
      responders: new Set<Responder>(),
    };
    this.#guests.set(name, guest);
    const responder = new Responder(channel, {
      peer,
      peerName: name,
      maxFrame,
      quota: guest.quota,
      log: this.#dependencies.log,
      serve: (method, argument, context) => this.#serve(method, argument, context),
      onClosed: () => guest.responders.delete(responder),
    });
    guest.responders.add(responder);
  }
}

function closeAll({ responders }: Guest, error: XinlianError): void {
  for (const responder of responders) responder.close(error);
}

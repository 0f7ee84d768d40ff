// What the rest of a node sees of the network: calls between admitted peers.

/** A peer is its Ed25519 key; the addresses are multiaddrs where it may be reached, in any order. */
export interface PeerAddress {
  /** 32 bytes */
  publicKey: Uint8Array;
  addresses: readonly string[];
}

export interface CallContext {
  /** Ed25519 key of the caller, proved by the connection; 32 bytes */
  peer: Uint8Array;
  /** Aborted when the caller gives up or is lost, and when the host stops. Its answer is then dropped. */
  signal: AbortSignal;
}

/**
 * Serves one method. A thrown `XinlianError` reaches the caller as it is; anything else reaches it as `INTERNAL` with
 * a reference under which it is logged. The argument is the handler's own: nobody else holds it. The answer MUST NOT
 * change afterwards: it is not copied.
 */
export type Handler = (argument: Uint8Array, context: CallContext) => Promise<Uint8Array>;

export interface CallOptions {
  signal?: AbortSignal;
  /** From the call to its answer, dialling included. Default: 30,000 */
  timeoutMs?: number;
}

/**
 * One end of the network. Starting or stopping twice does nothing more; a stopped host can start again.
 */
export interface Host {
  /** Ed25519, 32 bytes */
  readonly publicKey: Uint8Array;

  start(): Promise<void>;

  /** Ends calls under way with `CLOSED`, aborts handlers, closes connections. */
  stop(): Promise<void>;

  /** Multiaddrs on which it listens, each with its peer id; none while stopped. */
  addresses(): string[];

  /**
   * Registers a method, before or after the start.
   *
   * @param method 1 to 255 printable ASCII characters, no space
   * @throws XinlianError `MALFORMED` for such a name, `CONFLICT` where the method has a handler
   */
  handle(method: string, handler: Handler): void;

  /**
   * Calls a method of a peer, over the stream that is open or a new one. The argument MUST NOT change before the
   * call ends: it is not copied.
   *
   * @throws XinlianError what the handler threw, or
   *   `PEER_NOT_ADMITTED` (by us, or by the peer for this call),
   *   `UNREACHABLE` (no connection, or lost before the answer: the peer may have acted),
   *   `TIMEOUT`, `CANCELLED` (by `signal`), `CLOSED` (this host is not running),
   *   `TOO_LARGE` (argument or answer over the frame limit), `METHOD_UNKNOWN`,
   *   `OVERLOADED` (by either end), `MALFORMED` (the peer broke the protocol)
   */
  call(peer: PeerAddress, method: string, argument: Uint8Array, options?: CallOptions): Promise<Uint8Array>;

  /** Closes every connection to a peer that is no longer admitted. */
  recheck(): Promise<void>;
}

/** What a host may do at once. Every limit is per peer. */
export interface HostLimits {
  /** Bytes of a frame after its length field. Default: 4 MiB (docs/protocol.md, section 5) */
  maxFrame?: number;
  /** Calls of one peer served at the same time; one more is answered `OVERLOADED`. Default: 512 */
  maxInboundCalls?: number;
  /** Bytes of arguments of one peer held at the same time, likewise. Default: 64 MiB */
  maxInboundBytes?: number;
  /** Calls to one peer under way at the same time; more wait in order. Default: 256 */
  maxOutboundCalls?: number;
  /** Calls to one peer waiting for the above; one more fails with `OVERLOADED`. Default: 4,096 */
  maxWaitingCalls?: number;
}

/** The part of a pino logger that is used. */
export interface Log {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface HostDependencies {
  /** Whether a key is that of a peer to talk to. Asked for every connection and every call: it must be quick. */
  admits(publicKey: Uint8Array): boolean;
  log: Log;
}

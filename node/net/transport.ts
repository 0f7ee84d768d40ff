// What RPC needs of a network: channels of bytes between peers whose keys are proved.
import type { PeerAddress } from './host.ts';

export interface ChannelListener {
  data(chunk: Uint8Array): void;
  /** Called once, whichever end closed it. Nothing comes after it. */
  closed(reason: string): void;
}

/** A two-way stream of bytes to one peer. */
export interface Channel {
  /** Starts delivery: called once, and it returns before the listener hears of anything. */
  attach(listener: ChannelListener): void;
  /**
   * Takes bytes, which MUST NOT change afterwards; drops them once closed.
   *
   * @returns false where the channel is full: wait for `drained` before more
   */
  send(bytes: Uint8Array): boolean;
  /** Resolves when more can be sent, or when closed. */
  drained(): Promise<void>;
  /** Stops delivery, and in time the peer's sending. */
  pause(): void;
  resume(): void;
  /** Ends both directions at once; what is unsent is lost. */
  close(reason: Error): void;
}

/** A network. Peers that are not admitted are refused as soon as their key is known, in both directions. */
export interface Transport {
  /** Ed25519, 32 bytes */
  readonly publicKey: Uint8Array;
  /**
   * @param accept takes the channels that peers open
   * @throws XinlianError `CONFIG_INVALID` where it cannot listen
   */
  start(accept: (peer: Uint8Array, channel: Channel) => void): Promise<void>;
  stop(): Promise<void>;
  addresses(): string[];
  /**
   * Opens a channel to the peer that has this key, and no other.
   *
   * @throws XinlianError `UNREACHABLE`
   */
  open(peer: PeerAddress, signal: AbortSignal): Promise<Channel>;
  /** Closes every connection to a peer that is not admitted. */
  disconnectRefused(): Promise<void>;
}

// Hosts of one process, with no network between them: same calls, same limits, same errors.
import { ed25519 } from '@noble/curves/ed25519.js';
import { equalBytes, toHex } from '../core/bytes.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import type { Host, HostDependencies, HostLimits, PeerAddress } from './host.ts';
import { MemoryChannel } from './memory-channel.ts';
import { RpcHost } from './rpc-host.ts';
import type { Channel, Transport } from './transport.ts';

/** What its hosts have in common: they reach those of the same hub, at the address `/memory/<key in hex>`. */
export class MemoryHub {
  readonly #listening = new Map<string, MemoryTransport>();

  listen(address: string, transport: MemoryTransport): void {
    this.#listening.set(address, transport);
  }

  silence(address: string): void {
    this.#listening.delete(address);
  }

  at(address: string): MemoryTransport | undefined {
    return this.#listening.get(address);
  }
}

export type MemoryHostOptions = HostLimits & {
  /** Ed25519 seed, 32 bytes */
  privateKey: Uint8Array;
};

/** The in-memory alternate of `createHost`. */
export function createMemoryHost(hub: MemoryHub, options: MemoryHostOptions, dependencies: HostDependencies): Host {
  const { privateKey, ...limits } = options;
  if (privateKey.length !== 32) malformed('private key', '32 bytes', `${privateKey.length} bytes`);
  const transport = new MemoryTransport(hub, ed25519.getPublicKey(privateKey), dependencies);
  return new RpcHost(limits, { ...dependencies, transport, now: () => performance.now() });
}

interface Held {
  peer: Uint8Array;
  channel: MemoryChannel;
}

class MemoryTransport implements Transport {
  readonly publicKey: Uint8Array;
  readonly #hub: MemoryHub;
  readonly #dependencies: HostDependencies;
  readonly #address: string;
  readonly #held = new Set<Held>();
  #accept: ((peer: Uint8Array, channel: Channel) => void) | undefined;

  constructor(hub: MemoryHub, publicKey: Uint8Array, dependencies: HostDependencies) {
    this.#hub = hub;
    this.publicKey = publicKey;
    this.#dependencies = dependencies;
    this.#address = addressOf(publicKey);
  }

  async start(accept: (peer: Uint8Array, channel: Channel) => void): Promise<void> {
    this.#accept = accept;
    this.#hub.listen(this.#address, this);
  }

  async stop(): Promise<void> {
    this.#accept = undefined;
    this.#hub.silence(this.#address);
    this.#closeHeld(() => true);
  }

  addresses(): string[] {
    return [this.#address];
  }

  async open(peer: PeerAddress, _signal: AbortSignal): Promise<Channel> {
    const unreachable = (reason: string) => new XinlianError('UNREACHABLE', { peer: toHex(peer.publicKey), reason });
    // A peer that has a connection to us needs no address.
    const connected = [...this.#held].some((held) => equalBytes(held.peer, peer.publicKey));
    const addresses = connected ? [addressOf(peer.publicKey)] : peer.addresses;
    const other = addresses.map((address) => this.#hub.at(address)).find((found) => found !== undefined);
    if (other === undefined) throw unreachable('nobody listens there');
    if (!equalBytes(other.publicKey, peer.publicKey)) throw unreachable('another peer listens there');
    const [ours, theirs] = MemoryChannel.pair();
    if (!other.#take(this.publicKey, theirs)) throw unreachable('refused');
    this.#hold(peer.publicKey, ours);
    return ours;
  }

  async disconnectRefused(): Promise<void> {
    this.#closeHeld(({ peer }) => !this.#dependencies.admits(peer));
  }

  #take(peer: Uint8Array, channel: MemoryChannel): boolean {
    if (this.#accept === undefined || !this.#dependencies.admits(peer)) return false;
    this.#hold(peer, channel);
    this.#accept(peer, channel);
    return true;
  }

  #hold(peer: Uint8Array, channel: MemoryChannel): void {
    const held = { peer, channel };
    this.#held.add(held);
    channel.onClosed(() => this.#held.delete(held));
  }

  #closeHeld(which: (held: Held) => boolean): void {
    for (const held of this.#held) if (which(held)) held.channel.close(new Error('disconnected'));
  }
}

function addressOf(publicKey: Uint8Array): string {
  return `/memory/${toHex(publicKey)}`;
}

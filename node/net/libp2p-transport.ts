// libp2p as a transport: TCP, Noise, Yamux.
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { privateKeyFromRaw, publicKeyFromRaw } from '@libp2p/crypto/keys';
import type { Connection, PeerId, PrivateKey, Stream } from '@libp2p/interface';
import { peerIdFromPublicKey } from '@libp2p/peer-id';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import type { Multiaddr } from '@multiformats/multiaddr';
import { ed25519 } from '@noble/curves/ed25519.js';
import { createLibp2p } from 'libp2p';
import type { Libp2p } from 'libp2p';
import { concat, toHex } from '../core/bytes.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import type { HostDependencies, PeerAddress } from './host.ts';
import { StreamChannel } from './stream-channel.ts';
import type { Channel, Transport } from './transport.ts';

const PROTOCOL = '/xinlian/rpc/1.0.0';

/** One in use, and a few that are being replaced. */
const MAX_STREAMS = 4;
/** Of Yamux: enough for 100 MiB/s over 20 ms. */
const STREAM_WINDOW = 2 * 1024 * 1024;
/** A paused stream keeps at most one window, grown once: below this libp2p never resets it. */
const READ_BUFFER = 4 * STREAM_WINDOW;
/** Many members may come from one address, so libp2p's 5 a second would refuse some after a restart. */
const CONNECTIONS_PER_SECOND = 200;
/** A gateway may hold a connection to every node of a large consortium; libp2p would stop at 300. */
const CONNECTIONS = 4_096;
/** A ping opens a stream, so that with a thousand peers libp2p's ten seconds would cost more than the calls do. */
const PING_INTERVAL_MS = 30_000;
/** A busy machine answers late; only a dead one does not answer this long. */
const PING_TIMEOUT_MS = 15_000;

export interface Libp2pTransportOptions {
  /** Ed25519 seed, 32 bytes */
  privateKey: Uint8Array;
  /** Multiaddrs */
  listen: readonly string[];
}

export class Libp2pTransport implements Transport {
  readonly publicKey: Uint8Array;
  readonly #privateKey: PrivateKey;
  readonly #listen: readonly string[];
  readonly #dependencies: HostDependencies;
  #node: Libp2p | undefined;

  constructor(options: Libp2pTransportOptions, dependencies: HostDependencies) {
    if (options.privateKey.length !== 32) malformed('private key', '32 bytes', `${options.privateKey.length} bytes`);
    this.publicKey = ed25519.getPublicKey(options.privateKey);
    this.#privateKey = privateKeyFromRaw(concat(options.privateKey, this.publicKey));
    this.#listen = options.listen;
    this.#dependencies = dependencies;
  }

  async start(accept: (peer: Uint8Array, channel: Channel) => void): Promise<void> {
    const refused = (direction: string) => (peer: PeerId) => !this.#admits(peer, direction);
    const node = await createLibp2p({
      start: false,
      privateKey: this.#privateKey,
      addresses: { listen: [...this.#listen] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [
        yamux({ streamOptions: { maxStreamWindowSize: STREAM_WINDOW, maxReadBufferLength: READ_BUFFER } }),
      ],
      // Answers the connection monitor of the other end.
      services: { ping: ping() },
      connectionMonitor: {
        pingInterval: PING_INTERVAL_MS,
        pingTimeout: { minTimeout: PING_TIMEOUT_MS, maxTimeout: 2 * PING_TIMEOUT_MS },
      },
      connectionGater: {
        denyInboundEncryptedConnection: refused('inbound'),
        denyOutboundEncryptedConnection: refused('outbound'),
      },
      connectionManager: {
        maxConnections: CONNECTIONS,
        maxDialQueueLength: CONNECTIONS,
        inboundConnectionThreshold: CONNECTIONS_PER_SECOND,
        maxIncomingPendingConnections: CONNECTIONS_PER_SECOND,
      },
    });
    const onStream = (stream: Stream, { remotePeer }: Connection) => {
      const peer = ed25519KeyOf(remotePeer);
      if (peer === undefined) stream.abort(new Error('the peer has no Ed25519 key'));
      else accept(peer, new StreamChannel(stream));
    };
    await node.handle(PROTOCOL, onStream, { maxInboundStreams: MAX_STREAMS, maxOutboundStreams: MAX_STREAMS });
    try {
      await node.start();
    } catch (cause) {
      await node.stop();
      const faults = [{ path: 'listen', message: `cannot listen on ${this.#listen.join(', ')}: ${messageOf(cause)}` }];
      throw new XinlianError('CONFIG_INVALID', { faults }, { cause });
    }
    this.#node = node;
  }

  async stop(): Promise<void> {
    const node = this.#node;
    this.#node = undefined;
    // Nothing is worth a graceful end by now, for which libp2p would wait half a second.
    for (const connection of node?.getConnections() ?? []) connection.abort(new Error('the host stops'));
    await node?.stop();
  }

  addresses(): string[] {
    return (this.#node?.getMultiaddrs() ?? []).map(String);
  }

  async open(peer: PeerAddress, signal: AbortSignal): Promise<Channel> {
    const node = this.#node;
    if (node === undefined) throw new XinlianError('CLOSED', { what: 'host' });
    const peerId = peerIdFromPublicKey(publicKeyFromRaw(peer.publicKey));
    try {
      const stream = (await openOnExisting(node, peerId, signal)) ?? (await this.#dial(node, peerId, peer, signal));
      return new StreamChannel(stream);
    } catch (cause) {
      signal.throwIfAborted();
      if (XinlianError.is(cause)) throw cause;
      throw new XinlianError('UNREACHABLE', { peer: toHex(peer.publicKey), reason: messageOf(cause) }, { cause });
    }
  }

  async disconnectRefused(): Promise<void> {
    const refused = (this.#node?.getConnections() ?? []).filter(({ remotePeer }) => !this.#admits(remotePeer, 'open'));
    for (const connection of refused) connection.abort(new Error('the peer is no longer admitted'));
  }

  async #dial(node: Libp2p, peerId: PeerId, peer: PeerAddress, signal: AbortSignal): Promise<Stream> {
    const addresses = this.#addressesOf(peerId, peer);
    if (addresses.length === 0) {
      throw new XinlianError('UNREACHABLE', { peer: toHex(peer.publicKey), reason: 'no address that names it' });
    }
    const connection = await node.dial(addresses, { signal, force: true });
    return connection.newStream(PROTOCOL, { signal });
  }

  /** A bad address must not hide a good one. */
  #addressesOf(peerId: PeerId, { publicKey, addresses }: PeerAddress): Multiaddr[] {
    return addresses.flatMap((text) => {
      try {
        const address = multiaddr(text);
        const named = address.getComponents().findLast(({ name }) => name === 'p2p')?.value;
        if (named === undefined) return [address.encapsulate(`/p2p/${peerId.toString()}`)];
        if (named === peerId.toString()) return [address];
        throw new Error(`it names ${named}`);
      } catch (error) {
        this.#dependencies.log.warn({ peer: toHex(publicKey), address: text, err: error }, 'address left out');
        return [];
      }
    });
  }

  #admits(peerId: PeerId, direction: string): boolean {
    const key = ed25519KeyOf(peerId);
    const admitted = key !== undefined && this.#dependencies.admits(key);
    if (!admitted) this.#dependencies.log.debug({ peerId: peerId.toString(), direction }, 'connection refused');
    return admitted;
  }
}

/** A connection that is open may be about to end: one that gives no stream is dropped, and a new one dialled. */
async function openOnExisting(node: Libp2p, peerId: PeerId, signal: AbortSignal): Promise<Stream | undefined> {
  for (const connection of node.getConnections(peerId)) {
    if (connection.status !== 'open') continue;
    try {
      return await connection.newStream(PROTOCOL, { signal });
    } catch (error) {
      signal.throwIfAborted();
      connection.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }
  return undefined;
}

function ed25519KeyOf(peerId: PeerId): Uint8Array | undefined {
  return peerId.type === 'Ed25519' ? peerId.publicKey.raw : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

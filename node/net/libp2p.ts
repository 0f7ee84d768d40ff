// The host of production: calls over libp2p.
import type { Host, HostDependencies, HostLimits } from './host.ts';
import { Libp2pTransport } from './libp2p-transport.ts';
import type { Libp2pTransportOptions } from './libp2p-transport.ts';
import { RpcHost } from './rpc-host.ts';

export type HostOptions = Libp2pTransportOptions & HostLimits;

/**
 * A host that is not started yet.
 *
 * @throws XinlianError `MALFORMED` where the private key is not 32 bytes
 */
export function createHost(options: HostOptions, dependencies: HostDependencies): Host {
  const { privateKey, listen, ...limits } = options;
  const transport = new Libp2pTransport({ privateKey, listen }, dependencies);
  return new RpcHost(limits, { ...dependencies, transport, now: () => performance.now() });
}

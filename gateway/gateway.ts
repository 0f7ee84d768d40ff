// The composition root of a gateway: the one place that joins its HTTP side with the chain and the network.
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { systemClock } from '../node/chain/clock.ts';
import { Follower } from '../node/chain/follower.ts';
import { MemoryChainStore } from '../node/chain/memory-store.ts';
import type { ChainStore } from '../node/chain/ports.ts';
import { JsonRpc } from '../node/chain/rpc.ts';
import { contractsOf, type ChainConfig } from '../node/config.ts';
import { parseMemberId } from '../node/core/ids.ts';
import { xinlianDomain } from '../node/core/typed-data.ts';
import type { Host } from '../node/net/host.ts';
import { createHost } from '../node/net/libp2p.ts';
import { builtInCatalogue } from '../node/policy/pack.ts';
import { buildApp } from './app.ts';
import { ChainVerifier } from './bundle-verifier.ts';
import { councilOf, logsOf, membersOf, nodesOf } from './chain-ports.ts';
import { addressOf, baseUrlOf, type GatewayConfig } from './config.ts';
import { startWhole, type Lifecycle } from '../node/lifecycle.ts';
import { openKeys, openTokenKey } from '../node/keys/open-keys.ts';
import { DEFAULTS, type AppOptions } from './options.ts';

/** How long requests under way may take to end when it stops. */
const DRAIN_MS = 10_000;

/** A running gateway. `stop` undoes the start in reverse order; twice does nothing more. */
export interface Gateway {
  /** http://host:port */
  httpAddress(): string;
  /** Multiaddrs, with the peer id; none where it only dials. */
  peerAddresses(): string[];
  stop(): Promise<void>;
}

/**
 * Starts a gateway. What was started is stopped again where a later part fails.
 * @throws KEY_UNAVAILABLE, STORE_LOCKED …; not for a chain that is down: the gateway waits for it, and is not ready
 */
export async function startGateway(config: GatewayConfig, log: Logger): Promise<Gateway> {
  return startWhole((started) => start(config, log, started), log);
}

async function start(config: GatewayConfig, log: Logger, started: Lifecycle): Promise<Gateway> {
  const member = parseMemberId(config.member);
  const provider = await openKeys(config.keys);
  started.defer(() => provider.close());
  const { gatewayPeer } = await provider.open(member);

  const rpc = new JsonRpc(config.chain, { clock: systemClock, log });
  started.defer(() => rpc.close());
  const follower = await follow(config, rpc, log, started);
  const { view } = follower;
  const host = await startHost(await gatewayPeer.exportSeed(), config.p2p?.listen ?? [], follower, log, started);

  const ports = {
    members: membersOf(view),
    logs: logsOf(view),
    grants: view,
    chain: view,
    council: councilOf(view),
    recognition: view.recognition,
    nodes: nodesOf(view, host),
    verifier: new ChainVerifier({ view, rpc, catalogue: builtInCatalogue, log }),
    clock: systemClock,
  };
  const app = await buildApp(ports, {
    ...optionsOf(config),
    tokenKey: await openTokenKey(config.tokenKeyFile),
    logger: log,
  });
  started.defer(async () => {
    const cut = setTimeout(() => app.server.closeAllConnections(), config.limits?.drainMs ?? DRAIN_MS);
    await app.close();
    clearTimeout(cut);
  });
  await app.listen(config.http);
  const { port } = app.server.address() as AddressInfo;
  const address = addressOf({ ...config.http, port });
  log.info({ http: address, peer: host.addresses(), member }, 'gateway started');
  return {
    httpAddress: () => address,
    peerAddresses: () => host.addresses(),
    stop: () => started.stop(),
  };
}

async function follow(
  { chain, data }: GatewayConfig,
  rpc: JsonRpc,
  log: Logger,
  started: Lifecycle,
): Promise<Follower> {
  const { finality, pollMs } = chain;
  const follower = await Follower.open(
    { contracts: contractsOf(chain), finality, ...(pollMs !== undefined && { pollMs }) },
    { rpc, store: await openChainStore(data, started), clock: systemClock, log },
  );
  follower.start();
  started.defer(() => follower.stop());
  return follower;
}

function grantDomainOf(config: ChainConfig) {
  const { chainId, grantRegistry, deployment } = contractsOf(config);
  return xinlianDomain({ chainId, verifyingContract: grantRegistry, deployment });
}

async function openChainStore(data: string | undefined, started: Lifecycle): Promise<ChainStore> {
  if (data === undefined) return new MemoryChainStore();
  // A database costs start-up time that a gateway without one need not pay.
  const [{ openStore }, { LevelChainStore }] = await Promise.all([
    import('../node/store/store.ts'),
    import('../node/store/chain-store.ts'),
  ]);
  const store = await openStore(join(data, 'db'));
  started.defer(() => store.close());
  return new LevelChainStore(store);
}

async function startHost(
  privateKey: Uint8Array,
  listen: string[],
  { view }: Follower,
  log: Logger,
  started: Lifecycle,
): Promise<Host> {
  const admits = (publicKey: Uint8Array): boolean => view.memberByPeer(publicKey) !== undefined;
  const host = createHost({ privateKey, listen }, { admits, log });
  await host.start();
  started.defer(() => host.stop());
  started.defer(
    view.subscribe(({ events, undone }) => {
      if (events.length + undone.length === 0) return;
      host.recheck().catch((error: unknown) => log.error({ err: error }, 'closing peers that are no members failed'));
    }),
  );
  return host;
}

function optionsOf(config: GatewayConfig): Omit<AppOptions, 'tokenKey' | 'logger'> {
  const { member, hosts = [], audiences, trustProxy, corsOrigins, limits = {} } = config;
  const { token, normal, bulk, maxEventLoopDelayMs, maxHeapUsedBytes, maxRssBytes, drainMs: _, ...sizes } = limits;
  return {
    ...DEFAULTS,
    ...sizes,
    baseUrl: baseUrlOf(config),
    grantDomain: grantDomainOf(config.chain),
    membership: contractsOf(config.chain).membership,
    ...(audiences && { audiences }),
    ...(trustProxy && { trustProxy }),
    ...(corsOrigins && { corsOrigins }),
    ownMembers: [member, ...hosts].map(parseMemberId),
    rates: { ...DEFAULTS.rates, ...(token && { token }), ...(normal && { normal }), ...(bulk && { bulk }) },
    pressure: {
      ...DEFAULTS.pressure,
      ...(maxEventLoopDelayMs !== undefined && { maxEventLoopDelayMs }),
      ...(maxHeapUsedBytes !== undefined && { maxHeapUsedBytes }),
      ...(maxRssBytes !== undefined && { maxRssBytes }),
    },
  };
}

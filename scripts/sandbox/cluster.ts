// All processes of a sandbox: the chain, a node for each member, the gateways. The sandbox, benches and tests start it.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CAST, type Player } from './cast.ts';
import { gatewayConfigFile, nodeConfigFile, writeConfigs } from './configs.ts';
import { openConsortium, openPorts, type ChainSource, type Consortium, type Ports } from './consortium.ts';
import { Child } from './processes.ts';
import { startLicenceMock } from './licence-service.ts';
import { chainReady, sandboxChain } from './sandbox-chain.ts';

const READY_WITHIN_MS = 60_000;

export interface ClusterOptions {
  data: string;
  /** Told each step. */
  say: (text: string) => void;
  /** Keys of the players whose processes start; all unless told. */
  players?: readonly string[];
  /** Whether the ports that people know are tried first: for the one sandbox that stays up. */
  usualPorts?: boolean;
  /** Origins of pages that may call the gateways; none unless told. */
  corsOrigins?: readonly string[];
}

/** The processes of the members: their nodes and gateways. */
export interface Members {
  consortium: Consortium;
  nodes: ReadonlyMap<string, Child>;
  gateways: ReadonlyMap<string, Child>;
  /** Address of a player's gateway. */
  gatewayUrl: (player: string) => string;
  /** Address of a player's node: health, metrics, log. */
  nodeUrl: (player: string) => string;
  stop: () => Promise<void>;
}

export interface Cluster extends Members {
  chainUrl: string;
  chain: Child;
}

/** Starts it and waits until every process is ready. What was started is stopped again where another fails. */
export async function startCluster({
  data,
  say,
  players,
  usualPorts = false,
  corsOrigins = [],
}: ClusterOptions): Promise<Cluster> {
  await mkdir(data, { recursive: true });
  const ports = await openPorts(data, usualPorts);
  const args = ['--data', join(data, 'chain'), '--port', String(ports.chain)];
  const chain = new Child(
    { name: 'chain', script: 'scripts/chain.ts', args, logFile: join(data, 'logs', 'chain.log') },
    say,
  );
  try {
    const ready = chainReady.check(await chain.startPatiently());
    const members = await startMembers({
      data,
      say,
      ports,
      chain: sandboxChain(ready),
      corsOrigins,
      ...(players && { players }),
    });
    return {
      ...members,
      chainUrl: ready.url,
      chain,
      stop: async () => {
        // The chain last: what ends before it may still write its last anchor.
        await members.stop();
        await chain.stop();
      },
    };
  } catch (error) {
    await chain.stop();
    throw error;
  }
}

/**
 * Starts the members' processes on a chain that is there, the consortium set up on it where it was not, and waits until
 * each is ready. What was started is stopped again where another fails.
 */
export async function startMembers({
  data,
  say,
  players,
  ports,
  chain,
  corsOrigins = [],
}: Pick<ClusterOptions, 'data' | 'say' | 'players' | 'corsOrigins'> & {
  ports: Ports;
  chain: ChainSource;
}): Promise<Members> {
  const running: Child[] = [];
  const child = (name: string, script: string, args: string[]): Child => {
    const made = new Child({ name, script, args, logFile: join(data, 'logs', `${name}.log`) }, say);
    running.push(made);
    return made;
  };
  // In this process: it is little, and who is asked to confirm is whoever opens its page.
  const licence = await startLicenceMock();
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((made) => made.stop()));
    await licence.stop();
  };
  try {
    const consortium = await openConsortium(data, ports, chain, say);
    await writeConfigs(data, consortium, { ...chain, corsOrigins, licence });

    const cast = CAST.filter(({ key }) => players?.includes(key) ?? true);
    say(`starting ${cast.length} nodes`);
    const nodes = mapOf(cast, (player) =>
      child(`node-${player.key}`, 'node/main.ts', ['--config', nodeConfigFile(data, player)]),
    );
    const gateways = mapOf(
      cast.filter(({ gateway }) => gateway),
      (player) => child(`gateway-${player.key}`, 'gateway/main.ts', ['--config', gatewayConfigFile(data, player)]),
    );
    await Promise.all([...nodes.values(), ...gateways.values()].map((made) => made.startPatiently()));
    const portOf = (player: string, kind: 'http' | 'gateway'): string =>
      `http://127.0.0.1:${ports.players[player]?.[kind]}`;
    const surfaces = [
      ...[...nodes.keys()].map((player) => portOf(player, 'http')),
      ...[...gateways.keys()].map((player) => portOf(player, 'gateway')),
    ];
    await Promise.all(surfaces.map((url) => untilReady(url)));
    return {
      consortium,
      nodes,
      gateways,
      gatewayUrl: (player) => portOf(player, 'gateway'),
      nodeUrl: (player) => portOf(player, 'http'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Until it says so itself: a node has opened its log, a gateway has read the chain. */
async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const response = await fetch(`${url}/healthz/ready`);
    if (response.ok) return;
    if (Date.now() > deadline) throw new Error(`${url} is not ready: ${await response.text()}`);
    await response.arrayBuffer();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function mapOf(players: readonly Player[], make: (player: Player) => Child): Map<string, Child> {
  return new Map(players.map((player) => [player.key, make(player)]));
}

// Makes the sandbox's consortium: keys, contracts, members by vote; once per data folder.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../node/chain/clock.ts';
import { admitByVote, deployConsortium } from '../../node/chain/deploy.ts';
import type { ConsortiumContracts } from '../../node/chain/events.ts';
import type { Admission } from '../../node/core/council.ts';
import { JsonRpc } from '../../node/chain/rpc.ts';
import { Submitter } from '../../node/chain/submitter.ts';
import { toHex } from '../../node/core/bytes.ts';
import { createFileProvider, keyFileOf } from '../../node/keys/file-provider.ts';
import { createKeyFile } from '../../node/keys/key-file.ts';
import type { MemberKeys } from '../../node/keys/provider.ts';
import { Secret } from '../../node/keys/secret.ts';
import { CAST, THRESHOLD, type Player } from './cast.ts';
import { freePort } from '../free-port.ts';

export interface Ports {
  chain: number;
  /** By player: libp2p and HTTP of the node, and of the gateway where it runs one. */
  players: Record<string, { p2p: number; http: number; gateway?: number; gatewayP2p?: number }>;
}

export interface Consortium {
  contracts: ConsortiumContracts;
  ports: Ports;
}

/** The chain under a consortium, whoever runs it. */
export interface ChainSource {
  chainId: number;
  /** Addresses of JSON-RPC for a player's processes, the preferred first. */
  endpointsOf: (player: string) => readonly string[];
  /** What the settings of nodes and gateways say of the chain, beyond addresses and contracts. */
  settings: { finality: { kind: 'tag' } | { kind: 'depth'; depth: number } } & Record<string, unknown>;
  /** Wei for the miner. */
  tipWei: number;
  /** Gives accounts money for gas, and waits until they have it. */
  fund: (accounts: readonly string[]) => Promise<void>;
}

/** Cost of scrypt for keys that guard nothing. */
const SANDBOX_SCRYPT = 2 ** 10;

export const keysDirectory = (data: string): string => join(data, 'keys');
export const passphraseFile = (data: string): string => join(data, 'keys', 'passphrase');

/**
 * The ports of a data folder, the same at every start: members' addresses are on the chain.
 * @param usual whether those that people know are tried first
 */
export async function openPorts(data: string, usual: boolean): Promise<Ports> {
  const file = join(data, 'ports.json');
  if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as Ports;
  const port = (known: number): Promise<number> => freePort(usual ? known : 0);
  const ports: Ports = { chain: await port(8545), players: {} };
  for (const [i, { key, gateway }] of CAST.entries()) {
    ports.players[key] = {
      p2p: await port(9200 + i),
      http: await port(9300 + i),
      ...(gateway && { gateway: await port(8080 + i), gatewayP2p: await port(9250 + i) }),
    };
  }
  await writeDurably(file, JSON.stringify(ports, null, 2));
  return ports;
}

/**
 * The consortium of a data folder: reads it, or sets it up.
 * @param say told each step
 */
export async function openConsortium(
  data: string,
  ports: Ports,
  chain: ChainSource,
  say: (text: string) => void,
): Promise<Consortium> {
  const file = join(data, 'consortium.json');
  if (existsSync(file)) {
    const contracts = JSON.parse(await readFile(file, 'utf8')) as ConsortiumContracts;
    // Settings made from it would be refused by every process, one after the other.
    if (!('recognitionRegistry' in contracts))
      throw new Error(`${data} is of an earlier version: remove it and start anew`);
    return { contracts, ports };
  }

  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const endpoints = chain.endpointsOf(CAST[0]?.key ?? '');
  const rpc = new JsonRpc({ endpoints, chainId: chain.chainId }, { clock: systemClock, log: quiet });
  const provider = createFileProvider({ directory: keysDirectory(data), passphrase: await makeKeys(data, say) });
  try {
    const keys = new Map<Player, MemberKeys>();
    for (const player of CAST) keys.set(player, await provider.open(player.id));
    say('giving each account money for gas');
    await chain.fund([...keys.values()].map(({ transaction }) => transaction.address));
    const submitters = new Map(
      [...keys].map(([player, { transaction }]) => [
        player,
        new Submitter(
          { chainId: chain.chainId, tip: BigInt(chain.tipWei) },
          { rpc, signer: transaction, clock: systemClock, log: quiet, random: Math.random },
        ),
      ]),
    );
    const founders = CAST.filter(({ founder }) => founder);
    const council = founders.map((player) => valueOf(submitters, player));
    const admission = (player: Player): Admission => admissionOf(player, valueOf(keys, player), ports);
    say('deploying the contracts');
    const contracts = await deployConsortium(
      {
        chainId: chain.chainId,
        deployment: toHex(randomBytes(32)),
        founders: founders.map(admission),
        threshold: THRESHOLD,
      },
      valueOf(submitters, founders[0]),
    );
    // All at once: on a chain whose blocks take seconds, one after the other would take many.
    await Promise.all(
      CAST.filter(({ founder }) => !founder).map((player) => {
        say(`admitting ${player.name} by ${THRESHOLD} votes of ${founders.length}`);
        return admitByVote(contracts, admission(player), council);
      }),
    );
    await writeDurably(file, JSON.stringify(contracts, null, 2));
    return { contracts, ports };
  } finally {
    await provider.close();
    rpc.close();
  }
}

async function makeKeys(data: string, say: (text: string) => void): Promise<Secret> {
  await mkdir(keysDirectory(data), { recursive: true, mode: 0o700 });
  const file = passphraseFile(data);
  if (!existsSync(file)) await writeFile(file, randomBytes(18).toString('base64url'), { mode: 0o600 });
  const passphrase = new Secret(await readFile(file, 'utf8'));
  say(`making keys for ${CAST.length} members`);
  for (const { id } of CAST) {
    const keyFile = keyFileOf(keysDirectory(data), id);
    if (!existsSync(keyFile)) await createKeyFile(keyFile, passphrase, { scryptN: SANDBOX_SCRYPT });
  }
  return passphrase;
}

function admissionOf({ key, name, uscc, region, roles }: Player, keys: MemberKeys, ports: Ports): Admission {
  const own = ports.players[key];
  const endpoints = {
    node: [`/ip4/127.0.0.1/tcp/${own?.p2p}`],
    log: `http://127.0.0.1:${own?.http}/logs`,
    ...(own?.gateway !== undefined && { gateway: `http://127.0.0.1:${own.gateway}` }),
  };
  return {
    name,
    uscc,
    region,
    roles,
    transaction: keys.transaction.address,
    keys: {
      checkpoint: keys.checkpoint.publicKey,
      sealing: keys.sealing.publicKey,
      nodePeer: keys.nodePeer.publicKey,
      gatewayPeer: keys.gatewayPeer.publicKey,
      client: keys.client.publicKey,
    },
    endpoints: JSON.stringify(endpoints),
  };
}

function valueOf<K, V>(map: ReadonlyMap<K, V>, key: K | undefined): V {
  const value = key === undefined ? undefined : map.get(key);
  if (value === undefined) throw new Error('the cast of the sandbox is not complete');
  return value;
}

/** Whole or not at all: a set-up that is killed begins again. */
async function writeDurably(file: string, text: string): Promise<void> {
  await writeFile(`${file}.tmp`, text, { flush: true });
  await rename(`${file}.tmp`, file);
}

// A consortium of real processes on a chain of several real validators, each member's processes at another one.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CAST } from '../../../scripts/sandbox/cast.ts';
import { startMembers, type Members } from '../../../scripts/sandbox/cluster.ts';
import { profileFile } from '../../../scripts/sandbox/configs.ts';
import { openPorts } from '../../../scripts/sandbox/consortium.ts';
import { LATE_SECONDS, validatorChain } from '../../../scripts/validators/chain-source.ts';
import { ensureGeth } from '../../../scripts/validators/geth.ts';
import { ValidatorNetwork } from '../../../scripts/validators/network.ts';
import { nodeInfo, until } from '../consortium.ts';

const PERIOD_SECONDS = 1;
/** That a block takes at most, as the nodes are told. */
export const BLOCK_SECONDS = PERIOD_SECONDS + LATE_SECONDS;

export interface NetworkConsortium extends Members {
  data: string;
  network: ValidatorNetwork;
  /** JSON-RPC of the first validator. */
  chainUrl: string;
  /** Path of a player's CLI profile. */
  profile: (player: string) => string;
}

export interface NetworkConsortiumOptions {
  /** Keys of the players whose processes run: the first at the first validator, and so on around. */
  players: readonly string[];
  /** Done when the validators run, before anything else does. */
  prepare?: (network: ValidatorNetwork) => Promise<void>;
  /** JSON-RPC of a player's processes; unless told, every validator, their own first. */
  endpointsOf?: (player: string, network: ValidatorNetwork) => readonly string[];
}

/** Starts both in a fresh folder; `stop` ends them and removes it. */
export async function startNetworkConsortium({
  players,
  prepare,
  endpointsOf,
}: NetworkConsortiumOptions): Promise<NetworkConsortium> {
  const data = await mkdtemp(join(tmpdir(), 'xinlian-network-'));
  const network = await startValidators(data, 4);
  // What a run that failed left is kept: the logs are in it.
  try {
    await prepare?.(network);
    const members = await startMembers({
      data,
      say: () => {},
      players,
      ports: await openPorts(data, false),
      chain: validatorChain(network, (player) => {
        if (endpointsOf) return endpointsOf(player, network);
        const urls = network.validators.map(({ url }) => url);
        const own = Math.max(0, players.indexOf(player)) % urls.length;
        return [...urls.slice(own), ...urls.slice(0, own)];
      }),
    });
    return {
      ...members,
      data,
      network,
      chainUrl: network.validator(0).url,
      profile: (player) => {
        const found = CAST.find(({ key }) => key === player);
        if (!found) throw new Error(`the cast has no ${player}`);
        return profileFile(data, found);
      },
      stop: async () => {
        await members.stop();
        await network.stop();
        await rm(data, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await network.stop();
    throw error;
  }
}

/** Validators in a folder, which is there. */
export async function startValidators(
  data: string,
  validators: number,
  period = PERIOD_SECONDS,
): Promise<ValidatorNetwork> {
  const geth = await ensureGeth(() => {});
  return ValidatorNetwork.start({ geth, data, validators, period });
}

/** @returns what each of these nodes says of everything that is final, at a block that is the last final one of all */
export async function digestsAtOneBlock(
  consortium: Pick<Members, 'nodeUrl'>,
  players: readonly string[],
): Promise<(string | undefined)[]> {
  let digests: (string | undefined)[] = [];
  await until(async () => {
    const told = await Promise.all(players.map((player) => nodeInfo(consortium, player)));
    digests = told.map(({ digest }) => digest);
    return new Set(told.map(({ final }) => final)).size === 1;
  });
  return digests;
}

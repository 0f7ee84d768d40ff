// Deploys the contracts of a consortium whose founders are the members of a description.
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../node/chain/clock.ts';
import { deployConsortium } from '../../node/chain/deploy.ts';
import type { ConsortiumContracts } from '../../node/chain/events.ts';
import type { AccountSigner } from '../../node/chain/ports.ts';
import { JsonRpc } from '../../node/chain/rpc.ts';
import { Submitter } from '../../node/chain/submitter.ts';
import { toHex } from '../../node/core/bytes.ts';
import type { NetworkDescription } from './description.ts';
import { admissionOf } from './public-keys.ts';

/** @param signer any account whose transactions are taken: it gets no rights by deploying */
export async function deployNetwork(
  network: NetworkDescription,
  { endpoint, signer, tipWei = 0 }: { endpoint: string; signer: AccountSigner; tipWei?: number },
): Promise<ConsortiumContracts> {
  const { chainId, members, threshold } = network;
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const rpc = new JsonRpc({ endpoints: [endpoint], chainId }, { clock: systemClock, log });
  try {
    const submitter = new Submitter(
      { chainId, tip: BigInt(tipWei) },
      { rpc, signer, clock: systemClock, log, random: Math.random },
    );
    const founders = members.map((member) => admissionOf(network, member));
    return await deployConsortium({ chainId, deployment: toHex(randomBytes(32)), founders, threshold }, submitter);
  } finally {
    rpc.close();
  }
}

// What the council of a test's consortium decides.
import { ApiError } from '../../gateway/client/api-error.ts';
import { systemClock } from '../../node/chain/clock.ts';
import { passByVote } from '../../node/chain/deploy.ts';
import { JsonRpc } from '../../node/chain/rpc.ts';
import { Submitter } from '../../node/chain/submitter.ts';
import type { MemberId } from '../../node/core/ids.ts';
import type { Programs } from '../../scripts/sandbox/programs.ts';
import { silent } from './agency.ts';
import type { TestConsortium } from './consortium.ts';

/** Two founders vote; resolves when a block has it. */
export async function suspendByCouncil(
  { consortium: { contracts }, chainUrl }: TestConsortium,
  programs: Programs,
  member: MemberId,
): Promise<void> {
  const { chainId } = contracts;
  const rpc = new JsonRpc({ endpoints: [chainUrl], chainId }, { clock: systemClock, log: silent });
  try {
    const council = await Promise.all(
      ['dafeng', 'shanghai'].map(async (key) => {
        const { keys } = await programs.program(key);
        const world = { rpc, signer: keys.transaction, clock: systemClock, log: silent, random: Math.random };
        return new Submitter({ chainId }, world);
      }),
    );
    await passByVote(contracts, { call: 'suspend', member, reason: `0x${'01'.repeat(32)}` }, council);
  } finally {
    rpc.close();
  }
}

/** Whether a gateway did not let a member in. */
export function isTurnedAway(error: unknown): boolean {
  const codes = ['UNAUTHENTICATED', 'FORBIDDEN', 'MEMBER_NOT_ENTITLED', 'invalid_client'];
  return error instanceof ApiError && codes.includes(error.code ?? '');
}

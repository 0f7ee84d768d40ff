// What the council of a test's consortium decides.
import { ApiError } from '../../gateway/client/api-error.ts';
import { systemClock } from '../../node/chain/clock.ts';
import { passByVote } from '../../node/chain/deploy.ts';
import { JsonRpc } from '../../node/chain/rpc.ts';
import { Submitter } from '../../node/chain/submitter.ts';
import { ChainWriter } from '../../node/chain/writer.ts';
import type { GrantHash, MemberId } from '../../node/core/ids.ts';
import { reasonBytes } from '../../node/core/messages/grant.ts';
import type { Programs } from '../../scripts/sandbox/programs.ts';
import { silent } from './agency.ts';
import type { TestConsortium } from './consortium.ts';

/** Two founders vote; resolves when a block has it. */
export async function suspendByCouncil(
  consortium: TestConsortium,
  programs: Programs,
  member: MemberId,
): Promise<void> {
  const { contracts } = consortium.consortium;
  await withAccounts(consortium, programs, ['dafeng', 'shanghai'], (council) =>
    passByVote(contracts, { call: 'suspend', member, reason: `0x${'01'.repeat(32)}` }, council),
  );
}

/** The regulator stops a grant, by its account alone: it needs no node. Resolves when a block has it. */
export async function suspendGrant(consortium: TestConsortium, programs: Programs, grant: GrantHash): Promise<void> {
  await withAccounts(consortium, programs, ['regulator'], async ([regulator]) => {
    const writer = new ChainWriter(consortium.consortium.contracts, regulator!);
    await writer.suspendGrant(grant, reasonBytes('investigation'));
  });
}

async function withAccounts(
  { consortium: { contracts }, chainUrl }: TestConsortium,
  programs: Programs,
  players: readonly string[],
  act: (accounts: Submitter[]) => Promise<unknown>,
): Promise<void> {
  const { chainId } = contracts;
  const rpc = new JsonRpc({ endpoints: [chainUrl], chainId }, { clock: systemClock, log: silent });
  try {
    const accounts = await Promise.all(
      players.map(async (key) => {
        const { keys } = await programs.program(key);
        const world = { rpc, signer: keys.transaction, clock: systemClock, log: silent, random: Math.random };
        return new Submitter({ chainId }, world);
      }),
    );
    await act(accounts);
  } finally {
    rpc.close();
  }
}

/** Whether a gateway did not let a member in. */
export function isTurnedAway(error: unknown): boolean {
  const codes = ['UNAUTHENTICATED', 'FORBIDDEN', 'MEMBER_NOT_ENTITLED', 'invalid_client'];
  return error instanceof ApiError && codes.includes(error.code ?? '');
}

// Stops of grants by others than their enterprise: a regulator's, and that of a member that identified it.
import type { Command } from 'commander';
import { parseGrantHash } from '../../../node/core/ids.ts';
import { addMemberFlags, openSealedClient, type ConnectionFlags } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

type ReasonFlags = ConnectionFlags & { reason: string };

export function addGrantStops(grant: Command, terminal: Terminal): void {
  const suspend = grant
    .command('suspend')
    .summary('stop a grant, as a regulator 暂停授权')
    .description('Nothing is read under it until it is resumed.\n恢复之前不得据此查询。')
    .argument('<grant>', 'hash of the grant')
    .requiredOption('--reason <code>', 'a reason of the rules of grants: investigation, court-order, data-incident');
  addMemberFlags(suspend).action(async (hash: string, flags: ReasonFlags) => {
    const { sealed } = await openSealedClient(flags, terminal);
    terminal.out(JSON.stringify(await sealed.suspendGrant(parseGrantHash(hash), flags.reason, terminal.signal)));
  });
  const resume = grant
    .command('resume')
    .summary('let a suspended grant go on, as a regulator 恢复授权')
    .argument('<grant>', 'hash of the grant');
  addMemberFlags(resume).action(async (hash: string, flags: ConnectionFlags) => {
    const { sealed } = await openSealedClient(flags, terminal);
    terminal.out(JSON.stringify(await sealed.resumeGrant(parseGrantHash(hash), terminal.signal)));
  });
  const withdraw = grant
    .command('withdraw-for')
    .summary('withdraw a grant whose key is lost, as a member that identifies enterprises 代为撤回授权')
    .argument('<grant>', 'hash of the grant')
    .option('--reason <code>', 'lower case and hyphens, at most 32 characters', 'key-lost');
  addMemberFlags(withdraw).action(async (hash: string, flags: ReasonFlags) => {
    const { sealed } = await openSealedClient(flags, terminal);
    terminal.out(JSON.stringify(await sealed.withdrawGrantFor(parseGrantHash(hash), flags.reason, terminal.signal)));
  });
}

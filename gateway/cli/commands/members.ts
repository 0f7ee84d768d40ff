import type { Command } from 'commander';
import { addGatewayFlags, openClient, type ConnectionFlags } from '../connection.ts';
import { itemsOf } from '../pages.ts';
import type { Terminal } from '../terminal.ts';

interface Flags extends ConnectionFlags {
  json?: boolean;
}

export function addMembers(program: Command, terminal: Terminal): void {
  const command = program
    .command('members')
    .summary('the members of the consortium 成员列表')
    .description('Lists the members as the chain has them.\n列出链上登记的成员。')
    .option('--json', 'a line of JSON for each');
  addGatewayFlags(command).action(async (flags: Flags) => {
    const { listMembers } = openClient(flags, terminal);
    const { signal } = terminal;
    const members = itemsOf((cursor) => listMembers({ query: { ...(cursor !== undefined && { cursor }) }, signal }));
    for await (const member of members) {
      const { id, name, uscc, region, roles, status } = member;
      terminal.out(
        flags.json ? JSON.stringify(member) : `${id}  ${status}  ${region}  ${uscc}  ${name}  ${roles.join(', ')}`,
      );
    }
  });
}

import type { Command } from 'commander';
import { malformed } from '../../../node/core/errors.ts';
import { memberEndpoints, type MemberEndpoints } from '../../../node/core/messages/member.ts';
import { addMemberFlags, openSealedClient, type ConnectionFlags } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

export interface EndpointFlags {
  nodeAddress?: string;
  logAddress?: string;
  gatewayAddress?: string;
}

export function addMember(program: Command, terminal: Terminal): void {
  const member = program
    .command('member')
    .summary('change what the chain says of your own body 变更本单位登记')
    .description('Your own node sends the change, under your account.\n由本单位节点以本单位账户发出。');
  const endpoints = member
    .command('endpoints')
    .summary('say where your node, log and gateway are reached 变更访问地址')
    .description(
      'Says on the chain where you are reached. It replaces all that was said before.\n在链上登记访问地址;新登记取代此前全部内容。',
    );
  addMemberFlags(addEndpointFlags(endpoints)).action(async (flags: ConnectionFlags & EndpointFlags) => {
    const wanted = endpointsOf(flags);
    if (Object.keys(wanted).length === 0) malformed('endpoints', 'one address at least', 'none');
    const { sealed } = await openSealedClient(flags, terminal);
    const { block } = await sealed.setEndpoints(wanted, terminal.signal);
    terminal.say(`said on the chain, in block ${block}`);
    terminal.out(JSON.stringify(wanted));
  });
}

export function addEndpointFlags(command: Command): Command {
  return command
    .option('--node-address <multiaddrs>', 'of its node, divided by commas: /dns/node.example/tcp/9200')
    .option('--log-address <url>', 'base address of its public log')
    .option('--gateway-address <url>', 'base address of its gateway');
}

/** Throws `MALFORMED`. */
export function endpointsOf({ nodeAddress, logAddress, gatewayAddress }: EndpointFlags): MemberEndpoints {
  return memberEndpoints.check({
    ...(logAddress !== undefined && { log: logAddress }),
    ...(nodeAddress !== undefined && { node: nodeAddress.split(',') }),
    ...(gatewayAddress !== undefined && { gateway: gatewayAddress }),
  });
}

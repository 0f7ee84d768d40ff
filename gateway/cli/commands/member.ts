import type { Command } from 'commander';
import { malformed } from '../../../node/core/errors.ts';
import { memberEndpoints, type MemberEndpoints } from '../../../node/core/messages/member.ts';
import { addMemberFlags, openSealedClient, type ConnectionFlags } from '../connection.ts';
import type { Terminal } from '../terminal.ts';
import { agreed } from '../agreed.ts';
import { addRotateKeys } from './rotate-keys.ts';

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
  addReplaceLog(member, terminal);
  addRotateKeys(member, terminal);
}

function addReplaceLog(member: Command, terminal: Terminal): void {
  const command = member
    .command('replace-log')
    .summary('close a log that your node has lost, and open its successor 关闭已丢失的日志')
    .description(
      'For a log whose entries were lost, or that came back from an old backup: your node says so, and signs nothing more. ' +
        'Closes it on the chain for good and opens its successor, which begins empty. What was final stays provable from ' +
        'copies.\n仅用于数据已丢失或由旧备份恢复的日志:在链上永久关闭,并登记后继日志;后继日志从空开始。',
    )
    .option('--yes', 'do it without being asked');
  addMemberFlags(command).action(async (flags: ConnectionFlags & { yes?: boolean }) => {
    const question = 'Close the log for good? 是否永久关闭 (yes/no): ';
    if (!flags.yes && !(await agreed(question, terminal))) {
      terminal.say('nothing was sent');
      return;
    }
    const { sealed } = await openSealedClient(flags, terminal);
    const { lost, successor, block } = await sealed.replaceLog(terminal.signal);
    terminal.say(block === undefined ? `${lost} was closed before` : `${lost} is closed in block ${block}`);
    terminal.say('A node that has old entries of it must be started anew with an empty data folder.');
    terminal.out(successor);
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

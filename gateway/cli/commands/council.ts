import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { getAddress } from 'ethers/address';
import { toHex } from '../../../node/core/bytes.ts';
import { ROLES, type Role } from '../../../node/core/consortium.ts';
import { malformed } from '../../../node/core/errors.ts';
import {
  AdmissionText,
  type CouncilCallText,
  type CouncilOutcome,
  type CouncilVote,
} from '../../../node/core/messages/council.ts';
import { codec } from '../../../node/core/messages/codec.ts';
import { parseUscc } from '../../../node/core/uscc.ts';
import type { ProposalView } from '../../api/council.ts';
import { addGatewayFlags, addMemberFlags, memberOf, openClient, openSealedClient } from '../connection.ts';
import type { ConnectionFlags } from '../connection.ts';
import { itemsOf } from '../pages.ts';
import type { Terminal } from '../terminal.ts';
import { agreed } from '../agreed.ts';
import { addEndpointFlags, endpointsOf, type EndpointFlags } from './member.ts';

interface AdmitFlags extends ConnectionFlags, EndpointFlags {
  name: string;
  uscc: string;
  region: string;
  roles: string;
}

interface JsonFlags extends ConnectionFlags {
  json?: boolean;
}

const admissionText = codec('admission', AdmissionText);

export function addCouncil(program: Command, terminal: Terminal): void {
  const council = program
    .command('council')
    .summary('propose, look at and vote on what the council decides 理事会提案与表决')
    .description(
      'Members that are in the council decide by votes on the chain. Your own node sends your votes, under your account.\n' +
        '理事会成员在链上表决;提案与表决由本单位节点以本单位账户发出。',
    );
  addPropose(council, terminal);
  addVote(council, terminal);
  addList(council, terminal);
  addShow(council, terminal);
}

function addPropose(council: Command, terminal: Terminal): void {
  const propose = council
    .command('propose')
    .summary('propose a decision, and approve it 提出议案并赞成')
    .description(
      'Proposes a decision and approves it; where the same is proposed already, approves that. It runs when enough have ' +
        'approved, within 30 days.\n提出议案并赞成;相同议案已存在时,即为赞成该议案。赞成数足够时自动生效,30 日内有效。',
    );
  const send = async (call: CouncilCallText, flags: ConnectionFlags): Promise<void> => {
    const { sealed } = await openSealedClient(flags, terminal);
    for (const line of describeCall(call)) terminal.say(line);
    tellOutcome(await sealed.propose(call, terminal.signal), terminal);
  };

  const admit = propose
    .command('admit')
    .summary('admit a body 接纳成员')
    .argument(
      '<public>',
      'its public keys: what `xinlian keys new` printed. Keys that it has no use for may be left out',
    )
    .requiredOption('--name <name>', 'legal name')
    .requiredOption('--uscc <code>', 'its USCC')
    .requiredOption('--region <code>', 'GB/T 2260 code')
    .requiredOption('--roles <roles>', `divided by commas: ${ROLES.join(', ')}`);
  addMemberFlags(addEndpointFlags(admit)).action(async (file: string, flags: AdmitFlags) =>
    send({ call: 'admit', admission: await admissionOf(file, flags) }, flags),
  );
  for (const [name, summary] of [
    ['suspend', 'suspend a member 暂停成员资格'],
    ['remove', 'remove a member for good 除名'],
  ] as const) {
    const command = propose
      .command(name)
      .summary(summary)
      .argument('<member>', 'member id or USCC')
      .requiredOption('--because <file>', 'document that says why; the chain gets its SHA-256');
    addMemberFlags(command).action(async (member: string, flags: ConnectionFlags & { because: string }) =>
      send({ call: name, member: memberOf(member), reason: await digestOf(flags.because) }, flags),
    );
  }
  const resume = propose
    .command('resume')
    .summary('end a suspension 恢复成员资格')
    .argument('<member>', 'member id or USCC');
  addMemberFlags(resume).action((member: string, flags: ConnectionFlags) =>
    send({ call: 'resume', member: memberOf(member) }, flags),
  );
  const roles = propose
    .command('set-roles')
    .summary('replace the roles of a member 变更成员角色')
    .argument('<member>', 'member id or USCC')
    .requiredOption('--roles <roles>', `all that it has from then on, divided by commas: ${ROLES.join(', ')}`);
  addMemberFlags(roles).action((member: string, flags: ConnectionFlags & { roles: string }) =>
    send({ call: 'setRoles', member: memberOf(member), roles: rolesIn(flags.roles) }, flags),
  );
  const threshold = propose
    .command('set-threshold')
    .summary('set how many approvals a decision needs 变更表决门槛')
    .argument('<approvals>', 'at least 1, at most the seats of the council');
  addMemberFlags(threshold).action((approvals: string, flags: ConnectionFlags) => {
    if (!/^[1-9]\d{0,4}$/.test(approvals)) malformed('approvals', 'a whole number from 1', approvals);
    return send({ call: 'setThreshold', threshold: Number(approvals) }, flags);
  });
  const account = propose
    .command('reset-account')
    .summary('give a member that lost its account a new one 为丢失账户密钥的成员更换账户')
    .argument('<member>', 'member id or USCC')
    .argument('<account>', 'the new account: `transaction` of its new public keys');
  addMemberFlags(account).action((member: string, current: string, flags: ConnectionFlags) =>
    send({ call: 'resetTransactionKey', member: memberOf(member), current: accountOf(current) }, flags),
  );
}

function addVote(council: Command, terminal: Terminal): void {
  const command = council
    .command('vote')
    .summary('approve a proposal, or take your approval back 赞成或撤回赞成')
    .description(
      'Shows what the proposal says, asks, and votes. Your node refuses where the chain has another call under this id ' +
        'than you were shown.\n先显示议案内容再表决;若链上内容与所示不符,本单位节点拒绝发出。',
    )
    .argument('<proposal>', 'id of the proposal: `xinlian council list` has it')
    .argument('[vote]', 'approve or withdraw', 'approve')
    .option('--yes', 'vote without being asked');
  addMemberFlags(command).action(async (id: string, vote: string, flags: ConnectionFlags & { yes?: boolean }) => {
    if (vote !== 'approve' && vote !== 'withdraw') malformed('vote', 'approve or withdraw', vote);
    const proposal = await openClient(flags, terminal).getProposal({
      params: { proposal: id },
      signal: terminal.signal,
    });
    for (const line of describe(proposal)) terminal.say(line);
    const words = vote === 'approve' ? 'Approve? 是否赞成' : 'Take your approval back? 是否撤回赞成';
    if (!flags.yes && !(await agreed(`${words} (yes/no): `, terminal))) {
      terminal.say('nothing was sent');
      return;
    }
    const { sealed } = await openSealedClient(flags, terminal);
    tellOutcome(await sealed.vote(voteOf(proposal, vote), terminal.signal), terminal);
  });
}

function addList(council: Command, terminal: Terminal): void {
  const command = council
    .command('list')
    .summary('what waits for votes 待表决议案')
    .description('Proposals that can still be approved.\n列出仍可表决的议案。')
    .option('--json', 'a line of JSON for each');
  addGatewayFlags(command).action(async (flags: JsonFlags) => {
    const { listProposals } = openClient(flags, terminal);
    const { signal } = terminal;
    for await (const proposal of itemsOf((cursor) =>
      listProposals({ query: { ...(cursor !== undefined && { cursor }) }, signal }),
    )) {
      const { proposal: id, approvers, wanted, expires } = proposal;
      const [first = ''] = proposal.call ? describeCall(proposal.call) : ['a call that this version does not know'];
      terminal.out(
        flags.json ? JSON.stringify(proposal) : `${id}  ${approvers.length} of ${wanted}  until ${expires}  ${first}`,
      );
    }
  });
}

function addShow(council: Command, terminal: Terminal): void {
  const command = council
    .command('show')
    .summary('one proposal in full 查看议案')
    .description('A proposal that can still be approved, in full.\n完整显示一项仍可表决的议案。')
    .argument('<proposal>', 'id of the proposal')
    .option('--json', 'as one line of JSON');
  addGatewayFlags(command).action(async (id: string, flags: JsonFlags) => {
    const { getProposal } = openClient(flags, terminal);
    const proposal = await getProposal({ params: { proposal: id }, signal: terminal.signal });
    if (flags.json) terminal.out(JSON.stringify(proposal));
    else for (const line of describe(proposal)) terminal.out(line);
  });
}

async function admissionOf(file: string, flags: AdmitFlags): Promise<AdmissionText> {
  const { transaction, vault: _, ...keys } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  return admissionText.check({
    name: flags.name,
    uscc: parseUscc(flags.uscc),
    region: flags.region,
    roles: rolesIn(flags.roles),
    transaction: accountOf(transaction),
    keys,
    endpoints: JSON.stringify(endpointsOf(flags)),
  });
}

function voteOf({ proposal, call }: ProposalView, vote: CouncilVote['vote']): CouncilVote {
  if (vote === 'withdraw') return { proposal, vote };
  if (!call) malformed('proposal', 'a call that this version knows', 'another: nobody should approve what is not read');
  return { proposal, vote, call };
}

function describe(proposal: ProposalView): string[] {
  const { proposal: id, proposer, call, approvers, wanted, expires } = proposal;
  return [
    `proposal ${id} by ${proposer}`,
    ...(call ? describeCall(call) : ['a call that this version does not know']).map((line) => `  ${line}`),
    `  ${approvers.length} of ${wanted} approvals, until ${expires}`,
    ...approvers.map((member) => `    ${member}`),
  ];
}

/** In words; the first line says it all but the details. */
function describeCall(call: CouncilCallText): string[] {
  switch (call.call) {
    case 'admit': {
      const { name, uscc, region, roles, transaction, keys, endpoints } = call.admission;
      return [
        `admit ${name} (${uscc}), region ${region}, as ${roles.join(', ')} 接纳成员`,
        `account ${transaction}`,
        ...Object.entries(keys).map(([kind, key]) => `${kind} ${key}`),
        `reached at ${endpoints}`,
      ];
    }
    case 'suspend':
      return [`suspend ${call.member} 暂停成员资格`, `reason: the document with SHA-256 ${call.reason.slice(2)}`];
    case 'remove':
      return [`remove ${call.member} 除名`, `reason: the document with SHA-256 ${call.reason.slice(2)}`];
    case 'resume':
      return [`resume ${call.member} 恢复成员资格`];
    case 'setRoles':
      return [`let ${call.member} be ${call.roles.join(', ')} 变更成员角色`];
    case 'setThreshold':
      return [`let decisions need ${call.threshold} approvals 变更表决门槛`];
    case 'resetTransactionKey':
      return [`give ${call.member} the account ${call.current} 更换账户`];
  }
}

function tellOutcome({ proposal, block, executed }: CouncilOutcome, terminal: Terminal): void {
  const taken = block === undefined ? 'it was so already' : `in block ${block}`;
  terminal.say(
    executed ? `decided, and in force: ${taken} 已通过并生效` : `${taken}; it runs when enough have approved 已提交`,
  );
  terminal.out(proposal);
}

function rolesIn(text: string): Role[] {
  return text.split(',').map((role) => {
    const found = ROLES.find((known) => known === role.trim());
    return found ?? malformed('--roles', ROLES.join(', '), role);
  });
}

/** With the check that its capitals are. Throws `MALFORMED`. */
function accountOf(text: unknown): string {
  try {
    return getAddress(String(text));
  } catch {
    return malformed('account', '0x and 40 hex digits, as `xinlian keys new` printed them', text);
  }
}

async function digestOf(file: string): Promise<string> {
  return toHex(
    createHash('sha256')
      .update(await readFile(file))
      .digest(),
  );
}

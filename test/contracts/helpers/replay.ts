// The state of both contracts, rebuilt from their events and from nothing else: slow, plain, and written without a
// look at how the contracts do it.
import { ZeroAddress, ZeroHash, keccak256 } from 'ethers';
import type { LogDescription, Result } from 'ethers';
import { Roles, Status, keyNames } from './contract-types.ts';
import type { Admission, Keys } from './contract-types.ts';

/** As the ABI decoder gives it: numbers are bigints. */
type Decoded<T> = { [K in keyof T]: T[K] extends number ? bigint : T[K] };

export interface ReplayedMember {
  status: number;
  roles: number;
  region: number;
  transaction: string;
  keys: Keys;
  endpoints: string;
}

interface ReplayedProposal {
  callHash: string;
  expiresAt: bigint;
  approvers: Set<string>;
  executed: boolean;
}

interface ReplayedLog {
  owner: string;
  scope: string;
  size: bigint;
  root: string;
  closed: boolean;
  successor: string;
}

export class Replay {
  threshold = 0;
  readonly members = new Map<string, ReplayedMember>();
  /** Every account that was ever a transaction key. */
  readonly accounts = new Map<string, string>();
  readonly proposals = new Map<bigint, ReplayedProposal>();
  readonly logs = new Map<string, ReplayedLog>();
  /** The members at the end of each block in which anything happened, in order. */
  readonly past: { block: number; members: Map<string, ReplayedMember> }[] = [];

  apply(event: LogDescription, block: number): void {
    this.#apply(event);
    if (this.past.at(-1)?.block === block) this.past.pop();
    this.past.push({ block, members: structuredClone(this.members) });
  }

  get activeCouncil(): string[] {
    return [...this.members].filter(([, m]) => m.status === Status.Active && m.roles & Roles.COUNCIL).map(([id]) => id);
  }

  approvals(proposal: bigint): number {
    return this.activeCouncil.filter((id) => this.proposals.get(proposal)!.approvers.has(id)).length;
  }

  openLog(owner: string, scope: string): string {
    const found = [...this.logs].find(([, log]) => log.owner === owner && log.scope === scope && !log.closed);
    return found?.[0] ?? ZeroHash;
  }

  memberAt(id: string, block: number): ReplayedMember | undefined {
    return this.past.findLast((moment) => moment.block <= block)?.members.get(id);
  }

  transactionKeyAt(id: string, block: number): string {
    return this.memberAt(id, block)?.transaction ?? ZeroAddress;
  }

  entitledAt(id: string, roles: number, block: number): boolean {
    const member = this.memberAt(id, block);
    return member !== undefined && member.status === Status.Active && (member.roles & roles) === roles;
  }

  #apply({ name, args }: LogDescription): void {
    const text = (key: string) => args[key] as string;
    const number = (key: string) => Number(args[key]);
    const proposal = () => this.proposals.get(args['proposal'] as bigint)!;
    switch (name) {
      case 'MemberAdmitted':
        return this.#admit(text('member'), (args['admission'] as Result).toObject(true) as Decoded<Admission>);
      case 'MemberSuspended':
        return this.#change(text('member'), { status: Status.Suspended });
      case 'MemberResumed':
        return this.#change(text('member'), { status: Status.Active });
      case 'MemberRemoved':
        return this.#change(text('member'), { status: Status.Removed });
      case 'RolesChanged':
        return this.#change(text('member'), { roles: number('roles') });
      case 'TransactionKeyRotated':
        this.accounts.set(text('current'), text('member'));
        return this.#change(text('member'), { transaction: text('current') });
      case 'KeyRotated':
        this.members.get(text('member'))!.keys[keyNames[number('kind')]!] = text('key');
        return undefined;
      case 'EndpointsChanged':
        return this.#change(text('member'), { endpoints: text('endpoints') });
      case 'ThresholdChanged':
        this.threshold = number('threshold');
        return undefined;
      case 'Proposed':
        this.proposals.set(args['proposal'] as bigint, {
          callHash: keccak256(text('call')),
          expiresAt: args['expiresAt'] as bigint,
          approvers: new Set(),
          executed: false,
        });
        return undefined;
      case 'Approved':
        proposal().approvers.add(text('approver'));
        return undefined;
      case 'ApprovalWithdrawn':
        proposal().approvers.delete(text('approver'));
        return undefined;
      case 'Executed':
        proposal().executed = true;
        return undefined;
      case 'LogRegistered':
        this.logs.set(text('log'), {
          owner: text('owner'),
          scope: text('scope'),
          size: 0n,
          root: ZeroHash,
          closed: false,
          successor: ZeroHash,
        });
        return undefined;
      case 'Anchored':
        Object.assign(this.logs.get(text('log'))!, { size: args['size'] as bigint, root: text('root') });
        return undefined;
      case 'LogClosed':
        Object.assign(this.logs.get(text('log'))!, { closed: true, successor: text('successor') });
        return undefined;
      default:
        throw new Error(`wanted an event that changes the state, got ${name}`);
    }
  }

  #admit(id: string, { roles, region, transaction, keys, endpoints }: Decoded<Admission>): void {
    this.accounts.set(transaction, id);
    this.members.set(id, {
      status: Status.Active,
      roles: Number(roles),
      region: Number(region),
      transaction,
      keys,
      endpoints,
    });
  }

  #change(id: string, changes: Partial<ReplayedMember>): void {
    Object.assign(this.members.get(id)!, changes);
  }
}

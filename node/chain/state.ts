// The consortium as its events tell it: a fold over blocks, with no I/O. Records are replaced, never changed, so that a
// copy of the state shares them.
import type { Hex } from '../core/bytes.ts';
import {
  KEY_KINDS,
  type AnchoredHead,
  type ChainHead,
  type KeyKind,
  type Member,
  type MemberStatus,
  type Role,
  type TenuredKey,
} from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import type { GrantHash, LogId, MemberId } from '../core/ids.ts';
import { parseEndpoints } from './endpoints.ts';
import type { ChainEvent, EventOf, FollowedBlock, GrantEvent, RecognitionEvent } from './events.ts';
import { GrantBook } from './grants.ts';
import { RecognitionBook } from './recognition.ts';

/** What a member was entitled to, from the end of block `since` on. */
export interface Standing {
  since: number;
  status: MemberStatus;
  roles: Role[];
  transaction: Hex;
}

export interface MemberRecord {
  member: Member;
  /** Oldest first; at most one per block. */
  standings: readonly Standing[];
}

export interface LogRecord {
  id: LogId;
  owner: MemberId;
  scope: Hex;
  ordinal: number;
  registered: number;
  closed: boolean;
  successor?: LogId;
  /** Last checkpoint. */
  last?: AnchoredHead;
}

/** A proposal that is neither executed nor past its term. */
export interface Proposal {
  id: bigint;
  proposer: MemberId;
  /** ABI-encoded call of Membership. */
  call: Hex;
  /** Seconds since 1970. */
  expiresAt: number;
  approvers: MemberId[];
}

export class ConsortiumState {
  /** The last block applied. */
  block: ChainHead | undefined;
  threshold = 0;
  members = new Map<MemberId, MemberRecord>();
  logs = new Map<LogId, LogRecord>();
  /** Open logs, by owner and scope; see `openKey`. */
  open = new Map<string, LogId>();
  /** Every account that is or ever was a transaction key. */
  accounts = new Map<string, MemberId>();
  proposals = new Map<bigint, Proposal>();
  grants = new GrantBook();
  recognition = new RecognitionBook();

  copy(): ConsortiumState {
    const copy = new ConsortiumState();
    copy.block = this.block;
    copy.threshold = this.threshold;
    copy.members = new Map(this.members);
    copy.logs = new Map(this.logs);
    copy.open = new Map(this.open);
    copy.accounts = new Map(this.accounts);
    copy.proposals = new Map(this.proposals);
    copy.grants = this.grants.copy();
    copy.recognition = this.recognition.copy();
    return copy;
  }

  /**
   * @returns the grants that it forgot and that can never be used again
   * @throws CHAIN_WRONG where the events contradict each other: some were missed, or the contract is another
   */
  apply(block: FollowedBlock): GrantHash[] {
    const ended = this.grants.forget(block.time);
    for (const event of block.events) {
      if ('grant' in event) this.grants.apply(event, block.time);
      else if (isOfRecognition(event)) this.recognition.apply(event, block.time);
      else this.#applyEvent(event);
    }
    for (const [id, { expiresAt }] of this.proposals) if (expiresAt <= block.time) this.proposals.delete(id);
    this.block = { number: block.number, hash: block.hash, time: block.time };
    return ended;
  }

  #applyEvent(event: Exclude<ChainEvent, GrantEvent | RecognitionEvent>): void {
    switch (event.type) {
      case 'MemberAdmitted':
        return this.#admit(event);
      case 'MemberSuspended':
        return this.#stand(event.member, event.block, { status: 'suspended' });
      case 'MemberResumed':
        return this.#stand(event.member, event.block, { status: 'active' });
      case 'MemberRemoved':
        return this.#stand(event.member, event.block, { status: 'removed' });
      case 'RolesChanged':
        return this.#stand(event.member, event.block, { roles: event.roles });
      case 'TransactionKeyRotated':
        this.accounts.set(event.current, event.member);
        return this.#stand(event.member, event.block, { transaction: event.current });
      case 'KeyRotated':
        return this.#rotate(event);
      case 'EndpointsChanged':
        return this.#change(event.member, { endpoints: parseEndpoints(event.endpoints) });
      case 'ThresholdChanged':
        this.threshold = event.threshold;
        return;
      case 'Proposed':
        this.proposals.set(event.proposal, {
          id: event.proposal,
          proposer: event.proposer,
          call: event.call,
          expiresAt: event.expiresAt,
          approvers: [],
        });
        return;
      case 'Approved':
        return this.#vote(event.proposal, (approvers) => [...approvers, event.approver]);
      case 'ApprovalWithdrawn':
        return this.#vote(event.proposal, (approvers) => approvers.filter((id) => id !== event.approver));
      case 'Executed':
        this.proposals.delete(event.proposal);
        return;
      case 'LogRegistered':
        this.logs.set(event.log, {
          id: event.log,
          owner: event.owner,
          scope: event.scope,
          ordinal: event.ordinal,
          registered: event.block,
          closed: false,
        });
        this.open.set(openKey(event.owner, event.scope), event.log);
        return;
      case 'Anchored': {
        const { size, root, block, blockHash, transaction } = event;
        this.logs.set(event.log, { ...this.#log(event.log), last: { size, root, block, blockHash, transaction } });
        return;
      }
      case 'LogClosed': {
        const log = this.#log(event.log);
        this.logs.set(event.log, { ...log, closed: true, successor: event.successor });
        this.open.delete(openKey(log.owner, log.scope));
        return;
      }
      case 'GrantItemFailed':
        // It changed nothing.
        return;
    }
  }

  #admit({ member: id, admission, block }: EventOf<'MemberAdmitted'>): void {
    const before = this.members.get(id);
    const { name, uscc, region, roles, transaction } = admission;
    const keys = Object.fromEntries(
      KEY_KINDS.map((kind) => [kind, succeed(before?.member.keys[kind] ?? [], admission.keys[kind], block)]),
    ) as Record<KeyKind, TenuredKey[]>;
    const endpoints = parseEndpoints(admission.endpoints);
    const member = { id, name, uscc, region, roles, status: 'active', transaction, keys, endpoints, admitted: block };
    this.accounts.set(transaction, id);
    this.#keep({ ...member, status: 'active' }, before?.standings ?? [], block);
  }

  #stand(id: MemberId, block: number, change: Partial<Pick<Member, 'status' | 'roles' | 'transaction'>>): void {
    const { member, standings } = this.#member(id);
    this.#keep({ ...member, ...change }, standings, block);
  }

  #keep(member: Member, standings: readonly Standing[], block: number): void {
    const { status, roles, transaction } = member;
    const earlier = standings.filter(({ since }) => since < block);
    this.members.set(member.id, { member, standings: [...earlier, { since: block, status, roles, transaction }] });
  }

  #rotate({ member: id, kind, key, block }: EventOf<'KeyRotated'>): void {
    const { keys } = this.#member(id).member;
    this.#change(id, { keys: { ...keys, [kind]: succeed(keys[kind], key, block) } });
  }

  #change(id: MemberId, change: Partial<Member>): void {
    const record = this.#member(id);
    this.members.set(id, { ...record, member: { ...record.member, ...change } });
  }

  #vote(id: bigint, change: (approvers: MemberId[]) => MemberId[]): void {
    const proposal = this.proposals.get(id);
    if (proposal) this.proposals.set(id, { ...proposal, approvers: change(proposal.approvers) });
  }

  #member(id: MemberId): MemberRecord {
    const record = this.members.get(id);
    if (record) return record;
    throw new XinlianError('CHAIN_WRONG', { what: 'event', wanted: 'of an admitted member', got: id });
  }

  #log(id: LogId): LogRecord {
    const record = this.logs.get(id);
    if (record) return record;
    throw new XinlianError('CHAIN_WRONG', { what: 'event', wanted: 'of a registered log', got: id });
  }
}

export function isOfRecognition(event: ChainEvent): event is RecognitionEvent {
  return /^(?:Agreement|Officer|Case)/.test(event.type);
}

/** @returns the standing at the end of a block; undefined before the admission */
export function standingAt(record: MemberRecord, block: number): Standing | undefined {
  return record.standings.findLast(({ since }) => since <= block);
}

export function openKey(owner: MemberId, scope: Hex): string {
  return `${owner}/${scope}`;
}

/** Ends the current tenure and begins one of `key`, unless that is empty: a kind that the member has no use for. */
function succeed(tenures: readonly TenuredKey[], key: Uint8Array, block: number): TenuredKey[] {
  const ended = tenures.map((tenure) => (tenure.until === undefined ? { ...tenure, until: block } : tenure));
  return key.length === 0 ? ended : [...ended, { key, since: block }];
}

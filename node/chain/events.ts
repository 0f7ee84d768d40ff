// What the contracts say, as the rest of the node reads it: one union, told apart by `type`.
import type { Hex } from '../core/bytes.ts';
import type { ChainHead, GrantTerms, KeyKind, Role } from '../core/consortium.ts';
import type { CaseAction, CaseRole } from '../core/case-authority.ts';
import type { Admission } from '../core/council.ts';
import type { GrantHash, LogId, MemberId } from '../core/ids.ts';
import type { AgreementId, AgreementTerms, CaseId, CaseTerms } from '../core/recognition.ts';

/** Where an event stands in the chain. */
interface EventPlace {
  block: number;
  blockHash: Hex;
  transaction: Hex;
  /** Index in its block. */
  logIndex: number;
}

export type EventBody =
  | { type: 'MemberAdmitted'; member: MemberId; admission: Admission }
  | { type: 'MemberSuspended'; member: MemberId; reason: Hex }
  | { type: 'MemberResumed'; member: MemberId }
  | { type: 'MemberRemoved'; member: MemberId; reason: Hex }
  | { type: 'RolesChanged'; member: MemberId; roles: Role[] }
  | { type: 'ThresholdChanged'; threshold: number }
  | { type: 'TransactionKeyRotated'; member: MemberId; previous: Hex; current: Hex }
  | { type: 'KeyRotated'; member: MemberId; kind: KeyKind; key: Uint8Array }
  | { type: 'EndpointsChanged'; member: MemberId; endpoints: string }
  | { type: 'Proposed'; proposal: bigint; proposer: MemberId; call: Hex; expiresAt: number }
  | { type: 'Approved'; proposal: bigint; approver: MemberId; approvals: number }
  | { type: 'ApprovalWithdrawn'; proposal: bigint; approver: MemberId; approvals: number }
  | { type: 'Executed'; proposal: bigint }
  | { type: 'LogRegistered'; log: LogId; owner: MemberId; scope: Hex; ordinal: number }
  | { type: 'Anchored'; log: LogId; size: number; root: Uint8Array }
  | { type: 'LogClosed'; log: LogId; successor: LogId; size: number; root: Uint8Array }
  | { type: 'GrantRegistered'; grant: GrantHash; terms: GrantTerms }
  /** `by`: the member that did it for a lost key; absent where the grant key did. */
  | { type: 'GrantWithdrawn'; grant: GrantHash; by?: MemberId; reason: Hex }
  | { type: 'GrantSuspended'; grant: GrantHash; by: MemberId; reason: Hex }
  | { type: 'GrantResumed'; grant: GrantHash; by: MemberId }
  | { type: 'GrantConsumed'; grant: GrantHash; queryId: Hex; usesLeft: number }
  /** An item of a batch that changed nothing. `reason`: ABI-encoded error, see `decodeRevert`. */
  | { type: 'GrantItemFailed'; index: number; reason: Hex }
  | { type: 'AgreementProposed'; agreement: AgreementId; terms: AgreementTerms }
  | { type: 'AgreementCountersigned'; agreement: AgreementId; edition: number }
  /** `document`: of the notice; zeros where a new edition ended it. `endsAt`: seconds since 1970. */
  | { type: 'AgreementEnded'; agreement: AgreementId; by: MemberId; endsAt: number; document: Hex }
  /** `duties`: bits, see `Enrolment`. `until`: seconds since 1970, excluded. */
  | { type: 'OfficerEnrolled'; member: MemberId; officer: Hex; duties: number; until: number }
  | { type: 'OfficerDismissed'; member: MemberId; officer: Hex }
  | { type: 'CaseRequested'; caseId: CaseId; terms: CaseTerms; document: Hex; due: number }
  /** `step`: how many there were before. `due`: what runs now, seconds since 1970; 0 where nothing does. */
  | {
      type: 'CaseStepped';
      caseId: CaseId;
      action: CaseAction;
      role: CaseRole;
      actor: Hex;
      step: number;
      document: Hex;
      due: number;
      late: boolean;
    };

export type EventType = EventBody['type'];

export type ChainEvent = EventBody & EventPlace;

/** The event of one type. */
export type EventOf<T extends EventType> = Extract<ChainEvent, { type: T }>;

/** An event of one grant. */
export type GrantEvent = Extract<ChainEvent, { grant: GrantHash }>;

/** An event of recognition. */
export type RecognitionEvent = EventOf<
  | 'AgreementProposed'
  | 'AgreementCountersigned'
  | 'AgreementEnded'
  | 'OfficerEnrolled'
  | 'OfficerDismissed'
  | 'CaseRequested'
  | 'CaseStepped'
>;

/** A block as the follower applies it: its header's essentials and our contracts' events, in order. */
export interface FollowedBlock {
  number: number;
  hash: Hex;
  parent: Hex;
  /** Seconds since 1970. */
  time: number;
  events: ChainEvent[];
}

/** The contracts of one consortium. */
export interface ConsortiumContracts {
  chainId: number;
  /** EIP-55 addresses. */
  membership: Hex;
  logAnchor: Hex;
  grantRegistry: Hex;
  recognitionRegistry: Hex;
  /** Deployment nonce, 32 bytes: tells two consortia on one chain apart. */
  deployment: Hex;
  /** Block of their deployment: nothing of ours is before it. */
  block: number;
}

/** What one step of the follower changed. */
export interface ChainChange {
  head: ChainHead;
  /** Number of the last final block. */
  final: number;
  /** Events of blocks that joined, in order. */
  events: ChainEvent[];
  /** Events of blocks that a reorganisation took back, in their order; they joined earlier. */
  undone: ChainEvent[];
  /** Events that became final, in order. */
  finalised: ChainEvent[];
  /**
   * The alarm: the chain contradicts a block that was final. The view was emptied and is being built again from the
   * contracts' deployment on; all its events come anew.
   */
  finalityBroken?: { number: number; wanted: Hex; got: Hex };
}

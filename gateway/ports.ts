// What the gateway needs of the world. Adapters fit these by shape; only `gateway.ts` joins them.
import type { JsonValue } from '../node/core/canonical.ts';
import type { Hex } from '../node/core/bytes.ts';
import type { AgreementView, CaseView } from '../node/core/case-view.ts';
import type { ChainHead, GrantState, KeyKind, LogState, Member, MemberStatus, Role } from '../node/core/consortium.ts';
import type { CouncilCall } from '../node/core/council.ts';
import type { GrantHash, LogId, MemberId } from '../node/core/ids.ts';
import type { RpcMethod } from '../node/core/messages/node.ts';
import type { Verification } from './api/verify.ts';

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

/** Members as the chain has them. Asked on every request: it must be quick. */
export interface Members {
  /** As it is at the head of the chain, whatever its status: not for deciding what it may do. */
  get(id: MemberId): Member | undefined;
  /** All of them, in any order. */
  list(): Iterable<Member>;
  /** Whether it may act, in all of these roles: what widens counts when final, what narrows at first sight. */
  isEntitledNow(id: MemberId, roles?: readonly Role[]): boolean;
  /** What it was entitled to at the end of a block that was read; undefined before its admission. */
  standingAt(
    id: MemberId,
    block: number,
  ): { status: MemberStatus; roles: readonly Role[]; transaction: Hex } | undefined;
  /** Its key of a kind, by the rule of `isEntitledNow`. */
  currentKey(id: MemberId, kind: KeyKind): Uint8Array | undefined;
}

/** Logs as the chain has them. */
export interface Logs {
  get(id: LogId): LogState | undefined;
  /** All of them, in any order. */
  list(): Iterable<LogState>;
}

/** What the council decides on, as the chain has it. */
export interface Council {
  /** Approvals that a proposal needs; 0 before the chain was read. */
  threshold(): number;
  /** Those that can still be approved, in any order. */
  proposals(): Iterable<CouncilProposal>;
}

export interface CouncilProposal {
  id: bigint;
  proposer: MemberId;
  /** undefined where it is no call that this version would make. */
  call: CouncilCall | undefined;
  /** Seconds since 1970. */
  expiresAt: number;
  /** Whoever approved and did not take it back, be it in the council now or not. */
  approvers: readonly MemberId[];
}

export interface Chain {
  /** The newest block that was read; undefined before the first. */
  head(): ChainHead | undefined;
  /** Number of the last final block; -1 before the first. */
  final(): number;
}

/** Grants as the chain has them: what widens counts when final, what narrows at first sight. */
export interface Grants {
  grant(hash: GrantHash): GrantState | undefined;
  consumption(hash: GrantHash, query: Hex): { block: number; final: boolean } | undefined;
}

/** Agreements and cases of recognition as the chain has them: what narrows counts at first sight. */
export interface Recognition {
  agreements(): AgreementView[];
  cases(): CaseView[];
}

export interface NodeCallOptions {
  signal?: AbortSignal;
  /** From the call to its answer. */
  timeoutMs?: number;
}

export interface NodeCaller {
  /**
   * Calls a method of the node that hosts `member`. Calls to one member MUST be sent in the order in which they are
   * made. The argument is not copied: it MUST NOT change before the call ends.
   *
   * @throws XinlianError what the node threw, or `UNREACHABLE`, `TIMEOUT`, `CANCELLED`, `OVERLOADED`, `CLOSED`
   */
  call(member: MemberId, method: RpcMethod, argument: Uint8Array, options: NodeCallOptions): Promise<Uint8Array>;
}

export interface BundleVerifier {
  /** Never throws for a bad bundle: the answer names the link that broke. */
  verify(bundle: JsonValue): Verification | Promise<Verification>;
}

export interface GatewayPorts {
  members: Members;
  logs: Logs;
  grants: Grants;
  chain: Chain;
  council: Council;
  recognition: Recognition;
  nodes: NodeCaller;
  verifier: BundleVerifier;
  clock: Clock;
}

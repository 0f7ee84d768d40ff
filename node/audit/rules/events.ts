// What the rules of events are given, and what they share.
import type { Hex } from '../../core/bytes.ts';
import type { ChainEvent, ConsortiumContracts } from '../../chain/events.ts';
import type { ConsortiumState } from '../../chain/state.ts';
import type { MemberId } from '../../core/ids.ts';
import type { GrantLedger } from '../grant-ledger.ts';
import type { ToldError } from '../ports.ts';
import type { MemberStatus, Role } from '../../core/consortium.ts';

export interface EventFacts {
  event: ChainEvent;
  /** The consortium before this event; grants stand in `grants`. */
  state: ConsortiumState;
  /** All grants before this event. */
  grants: GrantLedger;
  contracts: ConsortiumContracts;
  /** Time of its block, seconds since 1970. */
  time: number;
  /** Whether it is of the transaction that founded the consortium: there the founders are taken in without a vote. */
  founding: boolean;
  /** All events of its transaction, in order. */
  transaction: readonly ChainEvent[];
  /** Approvals that a proposal needed when its transaction began. */
  threshold: number;
  /** The council's call that has the event as its effect; undefined where it is no effect of a vote. */
  call: Hex | undefined;
  /** Of an item that failed: its error; undefined where the bytes are none of the contract's. */
  revert: ToldError | undefined;
}

/** @returns undefined for a body that was never admitted */
export function statusOf(state: ConsortiumState, id: MemberId): MemberStatus | undefined {
  return state.members.get(id)?.member.status;
}

export function isSeated({ status, roles }: { status: MemberStatus; roles: readonly Role[] }): boolean {
  return status === 'active' && roles.includes('council');
}

/** Members that are active in the council. */
export function seats(state: ConsortiumState): MemberId[] {
  return [...state.members.values()].flatMap(({ member }) => (isSeated(member) ? [member.id] : []));
}

/** The events of the transaction behind this one. */
export function following({ event, transaction }: EventFacts): readonly ChainEvent[] {
  return transaction.slice(transaction.indexOf(event) + 1);
}

/** The proposal whose execution has this event as its effect, where one has. */
export function executedBehind(facts: EventFacts): bigint | undefined {
  const executed = following(facts).find((event) => event.type === 'Executed');
  return executed?.type === 'Executed' ? executed.proposal : undefined;
}

// What narrows access counts at first sight and survives reorganisations; what widens it counts when final.
//
// A narrowing leaves of one aspect of a member only what it keeps: a suspension keeps nothing of its standing, a change
// of roles keeps the roles named, a rotation keeps the new key. It binds while its block is not final (the final state
// says it from then on), and also after a reorganisation took the block back, until a later final event of the same
// aspect confirms or overrules it. A council that wants to undo one that was never mined again suspends and resumes.
import type { ConsortiumState } from './state.ts';
import { KEY_KINDS, type KeyKind } from '../core/consortium.ts';
import type { MemberId } from '../core/ids.ts';
import { toHex } from '../core/bytes.ts';
import type { ChainEvent, FollowedBlock } from './events.ts';
import { OrphanedGrants, type OrphanedGrant } from './grant-narrowing.ts';
import { OrphanedRecognitions, type OrphanedRecognition } from './recognition-narrowing.ts';

export type Aspect = 'standing' | 'roles' | 'transaction' | KeyKind;

interface Narrowing {
  member: MemberId;
  aspect: Aspect;
  kept: readonly string[];
}

/** A narrowing that was taken back by a reorganisation above block `above`. */
export interface OrphanedNarrowing extends Narrowing {
  above: number;
}

/** Everything that reorganisations took back but which still binds. */
export interface Orphaned {
  members: OrphanedNarrowing[];
  grants: OrphanedGrant[];
  recognition: OrphanedRecognition[];
}

/** The narrowings that bind now, beyond what the final state says of members, and the state at the head
 * of grants and recognition. */
export class Narrowings {
  readonly grants: OrphanedGrants;
  readonly recognition: OrphanedRecognitions;
  #orphaned: OrphanedNarrowing[];
  #binding = new Map<string, Narrowing[]>();

  constructor({ members, grants, recognition }: Orphaned = { members: [], grants: [], recognition: [] }) {
    this.recognition = new OrphanedRecognitions(recognition);
    this.grants = new OrphanedGrants(grants);
    this.#orphaned = members;
    this.update([]);
  }

  get orphaned(): Orphaned {
    return { members: this.#orphaned, grants: this.grants.list(), recognition: this.recognition.list() };
  }

  /** Whether `value` is left of this aspect of the member. */
  allows(member: MemberId, aspect: Aspect, value: string): boolean {
    return (this.#binding.get(`${member}/${aspect}`) ?? []).every(({ kept }) => kept.includes(value));
  }

  /** Blocks above `above` were taken back. */
  orphan(blocks: readonly FollowedBlock[], above: number): void {
    const taken = blocks.flatMap(({ events }) => events).flatMap((event) => narrowingOf(event) ?? []);
    const orphaned = taken.map(({ member, aspect, kept }) => ({ member, aspect, kept, above }));
    this.#orphaned = [...this.#orphaned, ...orphaned];
    this.grants.orphan(blocks, above);
    this.recognition.orphan(blocks, above);
  }

  /** The whole chain was taken back: what any member or grant had lost by then stays lost. */
  orphanState(state: ConsortiumState, above: number): void {
    this.grants.orphanState(state.grants, above);
    this.recognition.orphanState(state.recognition, above);
    const lost = [...state.members.values()].filter(({ member }) => member.status !== 'active');
    this.#orphaned = [
      ...this.#orphaned,
      ...lost.map(({ member }) => ({ member: member.id, aspect: 'standing' as const, kept: [], above })),
    ];
  }

  /** These events became final: they decide. */
  finalise(events: readonly ChainEvent[]): void {
    this.grants.finalise(events);
    this.recognition.finalise(events);
    for (const event of events) {
      if (!('member' in event)) continue;
      const decided = aspectsOf(event);
      this.#orphaned = this.#orphaned.filter(
        ({ member, aspect, above }) => member !== event.member || event.block <= above || !decided.includes(aspect),
      );
    }
  }

  /** Works out anew what binds. @param pending blocks that are not final */
  update(pending: readonly FollowedBlock[]): void {
    const fresh = pending.flatMap(({ events }) => events).flatMap((event) => narrowingOf(event) ?? []);
    this.#binding = Map.groupBy([...this.#orphaned, ...fresh], ({ member, aspect }) => `${member}/${aspect}`);
  }
}

/** The value that the aspect `standing` has where nothing narrows it. */
export const ACTIVE = 'active';

function narrowingOf(event: ChainEvent): Narrowing | undefined {
  switch (event.type) {
    case 'MemberSuspended':
    case 'MemberRemoved':
      return { member: event.member, aspect: 'standing', kept: [] };
    case 'RolesChanged':
      return { member: event.member, aspect: 'roles', kept: event.roles };
    case 'TransactionKeyRotated':
      return { member: event.member, aspect: 'transaction', kept: [event.current] };
    case 'KeyRotated':
      return { member: event.member, aspect: event.kind, kept: [toHex(event.key)] };
    default:
      return undefined;
  }
}

/** The aspects of which a final event says all that counts. */
function aspectsOf(event: ChainEvent): readonly Aspect[] {
  switch (event.type) {
    case 'MemberAdmitted':
      return ['standing', 'roles', 'transaction', ...KEY_KINDS];
    case 'MemberResumed':
      return ['standing'];
    default:
      return [narrowingOf(event)?.aspect ?? []].flat();
  }
}

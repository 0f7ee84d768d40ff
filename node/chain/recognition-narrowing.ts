// What a reorganisation took back of recognition but which still binds: see `narrowing.ts`. While a block is in the chain
// the state at the head says itself what was lost.
import type { CaseId } from '../core/recognition.ts';
import type { ChainEvent, FollowedBlock } from './events.ts';
import { isLost, officerKey, type RecognitionBook } from './recognition.ts';

/** What is narrowed: `case/ID`, `stale/ID`, `agreement/ID` or `officer/MEMBER/ADDRESS`. */
type Place = string;

/** Until a final event of a block above this one says more of the same. */
export interface OrphanedRecognition {
  place: Place;
  above: number;
  /** Of an agreement: the time from which it is over. */
  endsAt?: number;
}

export class OrphanedRecognitions {
  readonly #orphaned: Map<Place, OrphanedRecognition>;

  constructor(orphaned: readonly OrphanedRecognition[] = []) {
    this.#orphaned = new Map(orphaned.map((one) => [one.place, one]));
  }

  list(): OrphanedRecognition[] {
    return [...this.#orphaned.values()];
  }

  get(place: Place): OrphanedRecognition | undefined {
    return this.#orphaned.get(place);
  }

  /** Blocks above `above` were taken back. */
  orphan(blocks: readonly FollowedBlock[], above: number): void {
    for (const event of blocks.flatMap(({ events }) => events)) {
      if (event.type === 'AgreementEnded') this.#keep(`agreement/${event.agreement}`, above, event.endsAt);
      if (event.type === 'OfficerDismissed') this.#keep(`officer/${officerKey(event.member, event.officer)}`, above);
      if (event.type !== 'CaseStepped') continue;
      if (event.action === 'mark-stale') this.#keep(`stale/${event.caseId}`, above);
      if (NARROWING.has(event.action)) this.#keep(`case/${event.caseId}`, above);
    }
  }

  /** The whole chain was taken back: what was lost by then stays lost. */
  orphanState(book: RecognitionBook, above: number): void {
    for (const [id, { endsAt }] of book.agreements())
      if (endsAt !== undefined) this.#keep(`agreement/${id}`, above, endsAt);
    for (const [id, { state, stale }] of book.cases()) {
      if (isLost(state)) this.#keep(`case/${id}`, above);
      if (stale) this.#keep(`stale/${id}`, above);
    }
  }

  /** These events became final: they decide. */
  finalise(events: readonly ChainEvent[]): void {
    if (this.#orphaned.size === 0) return;
    for (const event of events) {
      if (event.type === 'AgreementEnded') this.#decide(`agreement/${event.agreement}`, event.block);
      if (event.type === 'OfficerEnrolled' || event.type === 'OfficerDismissed')
        this.#decide(`officer/${officerKey(event.member, event.officer)}`, event.block);
      if (event.type === 'CaseStepped') this.#decideCase(event.caseId, event.block);
    }
  }

  /** A step that is signed for the state in which the case is now says that it was not lost. */
  #decideCase(id: CaseId, block: number): void {
    this.#decide(`case/${id}`, block);
    this.#decide(`stale/${id}`, block);
  }

  #decide(place: Place, block: number): void {
    const orphaned = this.#orphaned.get(place);
    if (orphaned && block > orphaned.above) this.#orphaned.delete(place);
  }

  #keep(place: Place, above: number, endsAt?: number): void {
    const before = this.#orphaned.get(place);
    const ends = [before?.endsAt, endsAt].filter((time) => time !== undefined);
    this.#orphaned.set(place, {
      place,
      above: Math.max(above, before?.above ?? above),
      ...(ends.length > 0 && { endsAt: Math.min(...ends) }),
    });
  }
}

/** Actions after which nothing counts as recognised. */
const NARROWING: ReadonlySet<string> = new Set(['refuse', 'invalidate', 'withdraw', 'expire', 'lapse']);

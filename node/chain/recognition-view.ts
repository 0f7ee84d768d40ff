// What the chain says of recognition, answered from memory.
import type { AgreementView, CaseView } from '../core/case-view.ts';
import type { Hex } from '../core/bytes.ts';
import type { MemberId } from '../core/ids.ts';
import type { AgreementId, CaseId } from '../core/recognition.ts';
import type { LiveState } from './live-state.ts';
import { isLost, officerKey } from './recognition.ts';

export class RecognitionView {
  readonly #live: LiveState;

  constructor(live: LiveState) {
    this.#live = live;
  }

  agreement(id: AgreementId): AgreementView | undefined {
    const record = this.#live.head.recognition.agreement(id);
    if (!record) return undefined;
    const ends = [record.endsAt, this.#orphaned(`agreement/${id}`)?.endsAt].filter((time) => time !== undefined);
    return {
      id,
      terms: record.terms,
      agreed: this.#live.final.recognition.agreement(id)?.agreed !== undefined,
      ...(record.edition !== undefined && { edition: record.edition }),
      ...(ends.length > 0 && { endsAt: Math.min(...ends) }),
    };
  }

  agreements(): AgreementView[] {
    return Array.from(this.#live.head.recognition.agreements(), ([id]) => this.agreement(id)).filter(
      (view) => view !== undefined,
    );
  }

  case(id: CaseId): CaseView | undefined {
    const record = this.#live.head.recognition.case(id);
    if (!record) return undefined;
    const final = this.#live.final.recognition.case(id);
    const { stale, ...rest } = record;
    return {
      id,
      ...rest,
      final: final?.state ?? 'none',
      stale: stale || final?.stale === true || this.#orphaned(`stale/${id}`) !== undefined,
      lost: isLost(record.state) || this.#orphaned(`case/${id}`) !== undefined,
    };
  }

  cases(): CaseView[] {
    return Array.from(this.#live.head.recognition.cases(), ([id]) => this.case(id)).filter(
      (view) => view !== undefined,
    );
  }

  /**
   * Whether an officer may sign for its member: enrolled by what is final, and not dismissed by any block ever seen.
   * @param officer EIP-55 @param duty bit, see `Enrolment` @param time seconds since 1970
   */
  isOfficer(member: MemberId, officer: Hex, duty: number, time: number): boolean {
    const { head, final } = this.#live;
    const now = head.recognition.tenures(member, officer).at(-1);
    const sure = final.recognition.tenures(member, officer).at(-1);
    if (!now || !sure || this.#orphaned(`officer/${officerKey(member, officer)}`)) return false;
    return [now, sure].every(({ duties, until }) => (duties & duty) !== 0 && time < until);
  }

  #orphaned(place: string) {
    return this.#live.narrowings.recognition.get(place);
  }
}

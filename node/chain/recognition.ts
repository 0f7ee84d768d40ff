// Agreements, officers and cases of recognition as their events tell them. The maps share what they have in common with
// their copies.
import { Map as SharedMap } from 'immutable';
import { AUTHORITY, isOpenCase, type CaseState } from '../core/case-authority.ts';
import type { Hex } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import type { MemberId } from '../core/ids.ts';
import type { AgreementId, AgreementTerms, CaseId, CaseTerms, TakenStep } from '../core/recognition.ts';
import type { EventOf, RecognitionEvent } from './events.ts';

export interface AgreementRecord {
  terms: AgreementTerms;
  /** Block of the proposal. */
  proposed: number;
  /** Block of the countersignature. */
  agreed?: number;
  edition?: number;
  /** It is in force before this time only, seconds since 1970; absent: to the end of its term. */
  endsAt?: number;
}

export interface OfficerTenure {
  /** Bits, see `Enrolment`. */
  duties: number;
  /** Seconds since 1970, included. */
  since: number;
  /** Seconds since 1970, excluded. */
  until: number;
  /** Block of the enrolment. */
  enrolled: number;
}

export interface CaseRecord {
  terms: CaseTerms;
  state: CaseState;
  /** What runs ends then, seconds since 1970; 0 where nothing runs. */
  due: number;
  /** Time of the block from which the clock that runs is counted. */
  since: number;
  roundsLeft: number;
  lateSteps: number;
  stale: boolean;
  appealed: boolean;
  /** The request first. */
  steps: readonly TakenStep[];
}

export class RecognitionBook {
  #agreements: SharedMap<AgreementId, AgreementRecord> = SharedMap();
  #officers: SharedMap<string, readonly OfficerTenure[]> = SharedMap();
  #cases: SharedMap<CaseId, CaseRecord> = SharedMap();

  agreement(id: AgreementId): AgreementRecord | undefined {
    return this.#agreements.get(id);
  }

  agreements(): Iterable<[AgreementId, AgreementRecord]> {
    return this.#agreements.entries();
  }

  /** Oldest first. @param officer EIP-55 */
  tenures(member: MemberId, officer: Hex): readonly OfficerTenure[] {
    return this.#officers.get(officerKey(member, officer)) ?? [];
  }

  case(id: CaseId): CaseRecord | undefined {
    return this.#cases.get(id);
  }

  cases(): Iterable<[CaseId, CaseRecord]> {
    return this.#cases.entries();
  }

  copy(): RecognitionBook {
    const copy = new RecognitionBook();
    copy.#agreements = this.#agreements;
    copy.#officers = this.#officers;
    copy.#cases = this.#cases;
    return copy;
  }

  /** @param time of the block, seconds since 1970. @throws CHAIN_WRONG where events contradict each other */
  apply(event: RecognitionEvent, time: number): void {
    switch (event.type) {
      case 'AgreementProposed': {
        const { agreement, terms, block } = event;
        this.#agreements = this.#agreements.set(agreement, { terms, proposed: block });
        return;
      }
      case 'AgreementCountersigned':
        return this.#change(event.agreement, { agreed: event.block, edition: event.edition });
      case 'AgreementEnded':
        return this.#change(event.agreement, { endsAt: event.endsAt });
      case 'OfficerEnrolled': {
        const { member, officer, duties, until, block } = event;
        const tenure = { duties, since: time, until, enrolled: block };
        this.#setTenures(member, officer, [...endedAt(this.tenures(member, officer), time), tenure]);
        return;
      }
      case 'OfficerDismissed': {
        const { member, officer } = event;
        this.#setTenures(member, officer, endedAt(this.tenures(member, officer), time));
        return;
      }
      case 'CaseRequested':
        return this.#request(event, time);
      case 'CaseStepped':
        return this.#step(event, time);
    }
  }

  /** JSON of each, in an order that does not depend on how they came. */
  lines(): string[] {
    const all = [
      ...Array.from(this.#agreements, (entry) => JSON.stringify(['agreement', ...entry])),
      ...Array.from(this.#officers, (entry) => JSON.stringify(['officer', ...entry])),
      ...Array.from(this.#cases, (entry) => JSON.stringify(['case', ...entry])),
    ];
    return all.sort();
  }

  /** @param lines of `lines` */
  static fromLines(lines: readonly string[]): RecognitionBook {
    const book = new RecognitionBook();
    for (const line of lines) {
      const [kind, key, value] = JSON.parse(line) as [string, string, unknown];
      if (kind === 'agreement') book.#agreements = book.#agreements.set(key as AgreementId, value as AgreementRecord);
      else if (kind === 'officer') book.#officers = book.#officers.set(key, value as OfficerTenure[]);
      else book.#cases = book.#cases.set(key as CaseId, value as CaseRecord);
    }
    return book;
  }

  #change(id: AgreementId, change: Partial<AgreementRecord>): void {
    const record = this.#agreements.get(id);
    if (!record) throw new XinlianError('CHAIN_WRONG', { what: 'event', wanted: 'of a proposed agreement', got: id });
    this.#agreements = this.#agreements.set(id, { ...record, ...change });
  }

  #setTenures(member: MemberId, officer: Hex, tenures: readonly OfficerTenure[]): void {
    this.#officers = this.#officers.set(officerKey(member, officer), tenures);
  }

  #request({ caseId, terms, document, due, block }: EventOf<'CaseRequested'>, time: number): void {
    const agreement = this.#agreements.get(terms.agreement);
    if (!agreement)
      throw new XinlianError('CHAIN_WRONG', { what: 'event', wanted: 'of a known agreement', got: terms.agreement });
    const step: TakenStep = { action: 'request', role: 'home-node', document, due, late: false, block, time };
    this.#cases = this.#cases.set(caseId, {
      terms,
      state: 'requested',
      due,
      since: time,
      roundsLeft: agreement.terms.supplementRounds,
      lateSteps: 0,
      stale: false,
      appealed: false,
      steps: [step],
    });
  }

  #step({ caseId, action, role, actor, document, due, late, block }: EventOf<'CaseStepped'>, time: number): void {
    const record = this.#cases.get(caseId);
    if (!record) throw new XinlianError('CHAIN_WRONG', { what: 'event', wanted: 'of a requested case', got: caseId });
    const { to, clock } = AUTHORITY[action];
    const starts = clock !== 'none' && clock !== 'running';
    this.#cases = this.#cases.set(caseId, {
      ...record,
      state: to ?? record.state,
      due,
      since: starts ? time : record.since,
      roundsLeft: record.roundsLeft - (action === 'return' ? 1 : 0),
      lateSteps: record.lateSteps + (late ? 1 : 0),
      stale: action === 'mark-stale' || (record.stale && action !== 'clear-stale'),
      appealed: record.appealed || action === 'appeal',
      steps: [...record.steps, { action, role, actor, document, due, late, block, time }],
    });
  }
}

/** Whether a case is over without a recognition that counts. */
export function isLost(state: CaseState): boolean {
  return !isOpenCase(state) && state !== 'recognised';
}

/** @param officer EIP-55 */
export function officerKey(member: MemberId, officer: Hex): string {
  return `${member}/${officer}`;
}

function endedAt(tenures: readonly OfficerTenure[], time: number): OfficerTenure[] {
  return tenures.map((tenure) => (tenure.until > time ? { ...tenure, until: time } : tenure));
}

// A case and an agreement of recognition as the chain has them: what widens counts when final, what narrows at first sight.
import type { CaseState } from './case-authority.ts';
import type { AgreementId, AgreementTerms, CaseId, CaseTerms, TakenStep } from './recognition.ts';

export interface AgreementView {
  id: AgreementId;
  terms: AgreementTerms;
  /** Whether the countersignature is final. */
  agreed: boolean;
  edition?: number;
  /** In force before this time only, by any end ever seen; seconds since 1970. */
  endsAt?: number;
}

export interface CaseView {
  id: CaseId;
  terms: CaseTerms;
  /** At the head. */
  state: CaseState;
  /** At the last final block; `none` before the request is final. */
  final: CaseState;
  /** Seconds since 1970; 0 where nothing runs. */
  due: number;
  /** Time from which the clock that runs is counted. */
  since: number;
  roundsLeft: number;
  lateSteps: number;
  /** Something changed at home: until the host's word that it does not matter is final. */
  stale: boolean;
  /** It was ended in some block, be it taken back by a reorganisation: nothing counts as recognised. */
  lost: boolean;
  appealed: boolean;
  steps: readonly TakenStep[];
}

/** Whether something may be built on a recognition at a time, seconds since 1970. */
export function countsAsRecognised({ state, final, lost, due }: CaseView, time: number): boolean {
  return state === 'recognised' && final === 'recognised' && !lost && time < due;
}

/** Whether a case may be requested under it at a time, seconds since 1970. */
export function isInForce({ terms, agreed, endsAt }: AgreementView, time: number): boolean {
  return agreed && time >= terms.validFrom && time < terms.validTo && (endsAt === undefined || time < endsAt);
}

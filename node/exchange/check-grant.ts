// A check: whether a grant to the caller stands now, and allows what is asked for, by the chain and the artefact. Consent
// and certificate are the provider's to verify when it is asked. Pure.
import type { GrantTerms } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import { parseArtefact, type GrantArtefact } from '../core/grant.ts';
import { grantHashOf, type GrantHash } from '../core/ids.ts';
import type { CheckResult, GrantCheck } from '../core/messages/check.ts';
import { covers } from '../core/regions.ts';
import { judgeGrant, type JudgedView, type Judgement, type JudgeOptions, type Withdrawals } from './judge-grant.ts';

/** @param caller member id of who asks: a grant to another is none for it */
export function checkGrant(
  { grant, artefact, ...wanted }: GrantCheck,
  caller: string,
  view: JudgedView,
  withdrawals: Withdrawals,
  at: JudgeOptions,
): CheckResult {
  const hash = grant as GrantHash;
  const standing = judgeGrant({ hash }, view, withdrawals, at);
  const state = view.grant(hash);
  const verdict = standing.refusal === undefined ? standsFor(state?.terms, state?.usesLeft, caller) : standing;
  const last = verdict.refusal === undefined && artefact !== undefined ? allows(artefact, hash, wanted) : verdict;
  const { refusal, detail } = last;
  if (refusal === undefined) return { grant, ok: true };
  return { grant, ok: false, reason: refusal, ...(detail !== undefined && { detail }) };
}

function standsFor(terms: GrantTerms | undefined, usesLeft: number | undefined, caller: string): Judgement {
  if (terms?.grantee !== caller) return { refusal: 'GRANTEE_MISMATCH', detail: 'the grant is to another' };
  if (terms.uses > 0 && usesLeft === 0)
    return { refusal: 'GRANT_EXHAUSTED', detail: `its ${terms.uses} uses were consumed` };
  return {};
}

/** Whether an artefact, which must be that of the grant, allows what is asked for. */
function allows(text: string, hash: GrantHash, { items = [], purpose, region }: Partial<GrantCheck>): Judgement {
  let artefact: GrantArtefact;
  try {
    const read = parseArtefact(text);
    if (grantHashOf(read.terms) !== hash)
      return { refusal: 'GRANT_MALFORMED', detail: 'the artefact is of another grant' };
    ({ artefact } = read);
  } catch (error) {
    if (!XinlianError.is(error, 'MALFORMED')) throw error;
    return { refusal: 'GRANT_MALFORMED', detail: error.message };
  }
  if (purpose !== undefined && purpose !== artefact.purpose)
    return { refusal: 'PURPOSE_MISMATCH', detail: `the grant is for ${artefact.purpose}` };
  if (region !== undefined && !artefact.regions.some((granted) => covers(granted, region)))
    return { refusal: 'REGION_MISMATCH', detail: `the grant is for ${artefact.regions.join(', ')}` };
  const missing = items.find((item) => !artefact.items.some((granted) => granted.item === item));
  return missing === undefined ? {} : { refusal: 'ITEM_NOT_GRANTED', detail: missing };
}

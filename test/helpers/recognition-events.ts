// Events of recognition as a chain would tell them, on paper: two centres, an agreement, officers, a case.
import type { EventBody } from '../../node/chain/events.ts';
import { AUTHORITY, type CaseAction } from '../../node/core/case-authority.ts';
import { toHex, type Hex } from '../../node/core/bytes.ts';
import {
  agreementIdOf,
  caseIdOf,
  type AgreementId,
  type AgreementTerms,
  type CaseTerms,
} from '../../node/core/recognition.ts';
import { bodyOf, digest } from './consortium-on-anvil.ts';

export const DAY = 86_400;
/** When everything happens, unless told. */
export const NOW = 1_780_000_000;

export const home = bodyOf(1, ['centre']);
export const host = bodyOf(2, ['centre']);

export const agreement: AgreementTerms = {
  document: toHex(digest('agreement')),
  first: home.id,
  second: host.id,
  previous: `0x${'0'.repeat(64)}` as AgreementId,
  validFrom: 0,
  validTo: NOW + 1_000 * DAY,
  noticeDays: 30,
  officialLeastDays: 5,
  officialMostDays: 20,
  applicantLeastDays: 10,
  applicantMostDays: 30,
  validityDays: 90,
  supplementRounds: 1,
  fourEyes: true,
};

const account = (digits: string): Hex => `0x${digits.repeat(20)}`;
export const applicant = account('11');
export const homeOfficer = account('22');
export const hostOfficer = account('33');

export const terms: CaseTerms = {
  agreement: agreementIdOf(agreement),
  home: home.id,
  host: host.id,
  applicant,
  report: toHex(digest('report')),
};
export const caseId = caseIdOf(terms);

export function proposed(changes: Partial<AgreementTerms> = {}): EventBody {
  const terms = { ...agreement, ...changes };
  return { type: 'AgreementProposed', agreement: agreementIdOf(terms), terms };
}

export function countersigned(edition = 1, changes: Partial<AgreementTerms> = {}): EventBody {
  return { type: 'AgreementCountersigned', agreement: agreementIdOf({ ...agreement, ...changes }), edition };
}

export function ended(endsAt: number, by = host.id): EventBody {
  return { type: 'AgreementEnded', agreement: agreementIdOf(agreement), by, endsAt, document: agreement.document };
}

export function enrolled(member = host.id, officer = hostOfficer, duties = 3, until = NOW + 900 * DAY): EventBody {
  return { type: 'OfficerEnrolled', member, officer, duties, until };
}

export const dismissed: EventBody = { type: 'OfficerDismissed', member: host.id, officer: hostOfficer };

/** The agreement in force, and both sides' officers. */
export const standing: readonly EventBody[] = [proposed(), countersigned(), enrolled(home.id, homeOfficer), enrolled()];

export function requested(due = NOW + 10 * DAY, changes: Partial<CaseTerms> = {}): EventBody {
  const all = { ...terms, ...changes };
  return { type: 'CaseRequested', caseId: caseIdOf(all), terms: all, document: agreement.document, due };
}

type Stepped = Extract<EventBody, { type: 'CaseStepped' }>;

/** A step by whoever may take it, with a due date of the middle of its frame. */
export function stepped(action: CaseAction, step: number, changes: Partial<Stepped> = {}): Stepped {
  const { by, clock } = AUTHORITY[action];
  const days = { none: 0, official: 10, applicant: 20, validity: 60, running: 12 }[clock];
  const role = changes.role ?? by[0] ?? 'anyone';
  const actor =
    role === 'applicant'
      ? applicant
      : role === 'home-node'
        ? home.admission.transaction
        : role.startsWith('home')
          ? homeOfficer
          : hostOfficer;
  return {
    type: 'CaseStepped',
    caseId,
    action,
    role,
    actor,
    step,
    document: agreement.document,
    due: days === 0 ? 0 : NOW + days * DAY,
    late: false,
    ...changes,
  };
}

/** A case that is recognised: five events with the request. */
export const recognised: readonly EventBody[] = [
  requested(),
  stepped('complete', 1),
  stepped('examine', 2),
  stepped('recognise', 3),
];

// Rules of recognition on the chain: what the RecognitionRegistry contract enforces, judged again from its events alone;
// and the official steps that came late, which it takes.
import { AUTHORITY, isOpenCase } from '../../core/case-authority.ts';
import type { MemberId } from '../../core/ids.ts';
import { agreementIdOf, caseIdOf, type AgreementId, type AgreementTerms } from '../../core/recognition.ts';
import type { EventOf } from '../../chain/events.ts';
import type { ConsortiumState } from '../../chain/state.ts';
import type { Fault, Rule } from '../rule.ts';
import type { EventFacts } from './events.ts';

const DAY_SECONDS = 86_400;
/** As the contract has them: handles 1, decides 2. */
const ALL_DUTIES = 3;
const NO_HASH = `0x${'0'.repeat(64)}`;

export const recognitionRules: readonly Rule<EventFacts>[] = [
  {
    id: 'agreement-id',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '互认协议编号与其条款的哈希不符',
    en: 'An agreement’s id is not the hash of its terms',
    check: ({ event }) => {
      if (event.type !== 'AgreementProposed') return undefined;
      const wanted = agreementIdOf(event.terms);
      return wanted === event.agreement ? undefined : { wanted, got: event.agreement };
    },
  },
  {
    id: 'agreement-order',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '互认协议未经提出即签署或终止,或重复提出、签署、终止',
    en: 'An agreement was countersigned or ended that was not proposed, or anything of that a second time',
    check: ({ event, state: { recognition } }) => {
      if (
        event.type !== 'AgreementCountersigned' &&
        event.type !== 'AgreementEnded' &&
        event.type !== 'AgreementProposed'
      )
        return undefined;
      const before = recognition.agreement(event.agreement);
      if (event.type === 'AgreementProposed')
        return before && { wanted: 'one that is new', got: `proposed in block ${before.proposed}` };
      if (!before) return { wanted: 'an agreement that was proposed', got: 'none' };
      if (event.type === 'AgreementEnded') return undefined;
      if (before.agreed !== undefined) return { wanted: 'one not countersigned', got: `block ${before.agreed}` };
      return before.endsAt === undefined ? undefined : { wanted: 'one that stands', got: `ended at ${before.endsAt}` };
    },
  },
  {
    id: 'agreement-edition',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '互认协议的版本未承接前一版本',
    en: 'An edition of an agreement does not follow the one before between the same centres',
    check: ({ event, state: { recognition } }) => {
      if (event.type !== 'AgreementCountersigned') return undefined;
      const terms = recognition.agreement(event.agreement)?.terms;
      if (!terms) return undefined;
      const before = terms.previous === NO_HASH ? undefined : recognition.agreement(terms.previous);
      const follows = terms.previous === NO_HASH || (before !== undefined && samePair(before.terms, terms));
      const wanted = follows ? String((before?.edition ?? 0) + 1) : 'an edition between the same two';
      return follows && event.edition === (before?.edition ?? 0) + 1
        ? undefined
        : { wanted, got: String(event.edition) };
    },
  },
  {
    id: 'agreement-end',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '互认协议重复终止,或终止时间不符合通知期',
    en: 'An agreement was ended a second time, or at another time than its notice or the edition behind it gives',
    check: (facts) => {
      const { event, state, time } = facts;
      if (event.type !== 'AgreementEnded') return undefined;
      const before = state.recognition.agreement(event.agreement);
      if (!before) return undefined;
      const replacedAt = replacedBy(event.agreement, facts)?.validFrom;
      const notice = before.agreed === undefined ? 0 : before.terms.noticeDays * DAY_SECONDS;
      const wanted = replacedAt === undefined ? time + notice : Math.max(replacedAt, time);
      // A new edition may end sooner what was to end later; a second notice ends nothing.
      if (before.endsAt !== undefined && (replacedAt === undefined || before.endsAt <= wanted))
        return { wanted: 'one that has no end yet', got: `one that ends at ${before.endsAt}` };
      return event.endsAt === wanted ? undefined : { wanted: String(wanted), got: String(event.endsAt) };
    },
  },
  {
    id: 'officer-tenure',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '免去未在任的经办人员,或任命的职责、任期无效',
    en: 'An officer was dismissed who was none, or enrolled for no duty or no time',
    check: ({ event, state: { recognition }, time }) => {
      if (event.type === 'OfficerEnrolled') {
        const valid = event.duties > 0 && event.duties <= ALL_DUTIES && event.until > time;
        return valid ? undefined : { wanted: `duties, until after ${time}`, got: `${event.duties}, ${event.until}` };
      }
      if (event.type !== 'OfficerDismissed') return undefined;
      const until = recognition.tenures(event.member, event.officer).at(-1)?.until ?? 0;
      return until > time
        ? undefined
        : { wanted: 'an officer in office', got: until === 0 ? 'none' : `until ${until}` };
    },
  },
  {
    id: 'recognition-not-entitled',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '非现任信用中心的成员提出、签署或终止协议,任免人员,或发起互认',
    en: 'An agreement, an officer or a request of a member that is not active as a centre, or no side of it',
    check: ({ event, state }) => {
      const by = centreOf(event, state);
      if (by === undefined || isCentre(state, by)) return undefined;
      return { member: by, wanted: 'an active centre', got: state.members.get(by)?.member.status ?? 'none' };
    },
  },
  {
    id: 'case-id',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '互认案件编号与其内容的哈希不符',
    en: 'A case’s id is not the hash of its terms',
    check: ({ event }) => {
      if (event.type !== 'CaseRequested') return undefined;
      const wanted = caseIdOf(event.terms);
      return wanted === event.caseId ? undefined : { wanted, got: event.caseId };
    },
  },
  {
    id: 'case-outside-agreement',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '互认申请不在有效协议之内,或双方不是协议当事人',
    en: 'A case was requested under no agreement that was in force between its sides, or a second time',
    check: ({ event, state: { recognition }, time }) => {
      if (event.type !== 'CaseRequested') return undefined;
      if (recognition.case(event.caseId)) return { wanted: 'a case that is new', got: event.caseId };
      const agreement = recognition.agreement(event.terms.agreement);
      if (agreement?.agreed === undefined) return { wanted: 'an agreement', got: event.terms.agreement };
      const { terms, endsAt = Infinity } = agreement;
      const { home, host } = event.terms;
      if (!samePair(terms, { first: home, second: host })) return { wanted: 'its sides', got: `${home}, ${host}` };
      const inForce = time >= terms.validFrom && time < terms.validTo && time < endsAt;
      return inForce ? undefined : { wanted: `before ${Math.min(terms.validTo, endsAt)}`, got: String(time) };
    },
  },
  {
    id: 'case-step-not-allowed',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '互认步骤与案件状态、步骤次序或经办身份不符',
    en: 'A step of a case that its state, its order or the capacity of who did it does not allow',
    check: ({ event, state: { recognition } }) => {
      if (event.type !== 'CaseStepped') return undefined;
      const before = recognition.case(event.caseId);
      if (!before) return { wanted: 'a case that was requested', got: event.caseId };
      const { from, by } = AUTHORITY[event.action];
      if (!from.includes(before.state)) return { wanted: from.join(' or '), got: before.state };
      if (!by.includes(event.role)) return { wanted: by.join(' or '), got: event.role };
      return before.steps.length === event.step
        ? undefined
        : { wanted: `step ${before.steps.length}`, got: `step ${event.step}` };
    },
  },
  {
    id: 'case-step-by-nobody',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '无权人员办理互认步骤(未任命、任期已满、职责不符或所属成员已暂停)',
    en: 'A step of a case by one who is no officer of the side with the duty then, or not its applicant or node',
    check: ({ event, state, time }) => {
      if (event.type !== 'CaseStepped') return undefined;
      const before = state.recognition.case(event.caseId);
      return before && faultOfActor(event, before, state, time);
    },
  },
  {
    id: 'case-side-suspended',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '一方已暂停,未决案件仍在继续办理',
    en: 'An open case went on while one of its sides was not active',
    check: ({ event, state }) => {
      if (event.type !== 'CaseStepped' || event.role === 'anyone' || event.action === 'withdraw') return undefined;
      const before = state.recognition.case(event.caseId);
      // The host's absence does not keep the home node from telling what changed.
      if (!before || event.role === 'home-node' || !isOpenCase(before.state)) return undefined;
      const { home, host } = before.terms;
      const gone = [home, host].find((side) => !isCentre(state, side));
      return (
        gone && { member: gone, wanted: 'both sides active', got: state.members.get(gone)?.member.status ?? 'none' }
      );
    },
  },
  {
    id: 'case-due-frame',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '互认期限超出协议约定的范围',
    en: 'A due date out of the frame of the agreement',
    check: ({ event, state: { recognition }, time }) => {
      if (event.type === 'CaseRequested') {
        const terms = recognition.agreement(event.terms.agreement)?.terms;
        return terms && faultOfFrame(event.due, time, terms.officialLeastDays, terms.officialMostDays);
      }
      if (event.type !== 'CaseStepped') return undefined;
      const before = recognition.case(event.caseId);
      const terms = before && recognition.agreement(before.terms.agreement)?.terms;
      return terms && faultOfDue(event, before, terms, time);
    },
  },
  {
    id: 'case-applicant-late',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '补正或复核申请逾期仍被接受,或案件提前失效',
    en: 'A supplement or an appeal was taken after its time, a recognition expired or a case lapsed before it',
    check: ({ event, state, time }) => {
      if (event.type !== 'CaseStepped') return undefined;
      const before = state.recognition.case(event.caseId);
      if (!before) return undefined;
      const { due } = before;
      const { action } = event;
      if ((action === 'supplement' || action === 'appeal') && time > due)
        return { wanted: `by ${due}`, got: String(time) };
      if (action === 'expire' && time < due) return { wanted: `from ${due}`, got: String(time) };
      if (action !== 'lapse' || (before.state === 'returned' && time > due)) return undefined;
      const bothActive = isCentre(state, before.terms.home) && isCentre(state, before.terms.host);
      return bothActive ? { wanted: `after ${due}, or a side suspended`, got: String(time) } : undefined;
    },
  },
  {
    id: 'case-lateness-mark',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '逾期办理的标记与期限不符',
    en: 'A step is marked late that was not, or not marked that was',
    check: ({ event, state, time }) => {
      if (event.type !== 'CaseStepped') return undefined;
      const before = state.recognition.case(event.caseId);
      if (!before) return undefined;
      const late = isLate(event, before, time);
      return late === event.late
        ? undefined
        : { wanted: late ? 'late' : 'in time', got: event.late ? 'late' : 'in time' };
    },
  },
  {
    id: 'recognition-late',
    version: 1,
    severity: 'irregularity',
    evidence: 'chain',
    zh: '互认办理逾期',
    en: 'An official step of recognition came past its deadline: it stands',
    check: ({ event, state, time }) => {
      if (event.type !== 'CaseStepped') return undefined;
      const before = state.recognition.case(event.caseId);
      if (!before || !isLate(event, before, time)) return undefined;
      return { member: before.terms.host, wanted: `by ${before.due}`, got: String(time) };
    },
  },
];

type CaseRecord = NonNullable<ReturnType<ConsortiumState['recognition']['case']>>;
type Pair = Pick<AgreementTerms, 'first' | 'second'>;

/** The terms of the edition that is countersigned in the same transaction in the place of an agreement. */
function replacedBy(
  agreement: AgreementId,
  { transaction, state: { recognition } }: EventFacts,
): AgreementTerms | undefined {
  for (const event of transaction) {
    const terms = event.type === 'AgreementCountersigned' ? recognition.agreement(event.agreement)?.terms : undefined;
    if (terms?.previous === agreement) return terms;
  }
  return undefined;
}

function samePair(a: Pair, b: Pair): boolean {
  return (a.first === b.first && a.second === b.second) || (a.first === b.second && a.second === b.first);
}

function isCentre(state: ConsortiumState, id: MemberId): boolean {
  const member = state.members.get(id)?.member;
  return member?.status === 'active' && member.roles.includes('centre');
}

/** The centre that must be active for an event; undefined where it is judged elsewhere. */
function centreOf(event: EventFacts['event'], { recognition }: ConsortiumState): MemberId | undefined {
  switch (event.type) {
    case 'AgreementProposed':
      return event.terms.first;
    case 'AgreementCountersigned':
      return recognition.agreement(event.agreement)?.terms.second;
    case 'AgreementEnded':
      return event.by;
    case 'OfficerEnrolled':
    case 'OfficerDismissed':
      return event.member;
    case 'CaseRequested':
      return event.terms.home;
    default:
      return undefined;
  }
}

function isLate(event: EventOf<'CaseStepped'>, { due }: CaseRecord, time: number): boolean {
  return AUTHORITY[event.action].answers && time > due;
}

function faultOfActor(
  { role, actor }: EventOf<'CaseStepped'>,
  { terms: { home, host, applicant } }: CaseRecord,
  state: ConsortiumState,
  time: number,
): Omit<Fault, 'member'> | undefined {
  if (role === 'anyone') return undefined;
  if (role === 'applicant') return actor === applicant ? undefined : { wanted: applicant, got: actor };
  const side = role.startsWith('home') ? home : host;
  if (role === 'home-node') {
    const wanted = state.members.get(side)?.member.transaction ?? 'none';
    return wanted === actor && isCentre(state, side) ? undefined : { wanted, got: actor };
  }
  const duty = role.endsWith('decider') ? 2 : 1;
  const tenure = state.recognition.tenures(side, actor).at(-1);
  const holds = tenure !== undefined && (tenure.duties & duty) !== 0 && time < tenure.until;
  return holds && isCentre(state, side) ? undefined : { wanted: `an officer of ${side}, ${role}`, got: actor };
}

function faultOfDue(
  { action, due }: EventOf<'CaseStepped'>,
  before: CaseRecord,
  terms: AgreementTerms,
  time: number,
): Fault | undefined {
  const { clock, to } = AUTHORITY[action];
  const official = [terms.officialLeastDays, terms.officialMostDays] as const;
  const applicants = [terms.applicantLeastDays, terms.applicantMostDays] as const;
  switch (clock) {
    case 'none': {
      const wanted = to === undefined ? before.due : 0;
      return due === wanted ? undefined : { wanted: String(wanted), got: String(due) };
    }
    case 'official':
      return faultOfFrame(due, time, ...official);
    case 'applicant':
      return faultOfFrame(due, time, ...applicants);
    case 'validity':
      return due > time
        ? faultOfFrame(due, time, 0, terms.validityDays)
        : { wanted: `after ${time}`, got: String(due) };
    case 'running':
      return faultOfFrame(due, before.since, ...(before.state === 'returned' ? applicants : official));
  }
}

function faultOfFrame(due: number, start: number, leastDays: number, mostDays: number): Fault | undefined {
  const [least, most] = [start + leastDays * DAY_SECONDS, start + mostDays * DAY_SECONDS];
  return due >= least && due <= most ? undefined : { wanted: `${least} to ${most}`, got: String(due) };
}

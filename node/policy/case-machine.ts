// Objection 异议, repair 信用修复, and acts of the agency alone, as state machines: who may take which step when, and by
// which day. Pure: a case is what its steps make of it, worked out on every read.
import { malformed, XinlianError } from '../core/errors.ts';
import type { CaseKind, CaseOutcome, CaseParty, CaseState, StepName } from '../core/case-act.ts';
import type { Deadline, Policies } from './rules.ts';

/** A step that was taken. */
export interface TakenStep {
  step: StepName;
  by: CaseParty;
  /** The day in China, YYYY-MM-DD. */
  date: string;
  outcome?: CaseOutcome | undefined;
}

/** The edition that a case goes by: the one in force where and when it was opened. */
export interface CaseRules {
  policies: Policies;
  /** GB/T 2260, of the agency that decides. */
  region: string;
}

export interface CaseStanding {
  state: CaseState;
  /** Day of the first step. */
  opened: string;
  /** Whose turn it is; absent where nothing is awaited. */
  turn?: CaseParty;
  /** By when. */
  due?: Deadline;
  extended: boolean;
  /** Day of the step after which nothing is awaited. */
  closed?: string;
  outcome?: CaseOutcome;
}

type Term = 'source' | 'accept' | 'decide' | 'supplement';

interface Transition {
  from: CaseState | 'none';
  step: StepName;
  by: CaseParty;
  to: CaseState;
}

const MACHINES: Readonly<Record<CaseKind, readonly Transition[]>> = {
  objection: [
    { from: 'none', step: 'file', by: 'subject', to: 'open' },
    { from: 'open', step: 'extend', by: 'agency', to: 'open' },
    { from: 'open', step: 'uphold', by: 'agency', to: 'upheld' },
    { from: 'open', step: 'reject', by: 'agency', to: 'rejected' },
    { from: 'open', step: 'withdraw', by: 'subject', to: 'withdrawn' },
    // Who is not heard may have its own words kept with the record (征信业管理条例第二十五条).
    { from: 'rejected', step: 'state', by: 'subject', to: 'disputed' },
  ],
  repair: [
    { from: 'none', step: 'apply', by: 'subject', to: 'submitted' },
    { from: 'submitted', step: 'ask', by: 'agency', to: 'incomplete' },
    { from: 'incomplete', step: 'supplement', by: 'subject', to: 'submitted' },
    { from: 'submitted', step: 'accept', by: 'agency', to: 'accepted' },
    { from: 'submitted', step: 'refuse', by: 'agency', to: 'refused' },
    { from: 'incomplete', step: 'refuse', by: 'agency', to: 'refused' },
    { from: 'accepted', step: 'extend', by: 'agency', to: 'accepted' },
    { from: 'accepted', step: 'approve', by: 'agency', to: 'repaired' },
    { from: 'accepted', step: 'reject', by: 'agency', to: 'rejected' },
    { from: 'repaired', step: 'revoke', by: 'agency', to: 'revoked' },
    ...(['submitted', 'incomplete', 'accepted'] as const).map((from): Transition => {
      return { from, step: 'withdraw', by: 'subject', to: 'withdrawn' };
    }),
  ],
  annulment: [{ from: 'none', step: 'annul', by: 'agency', to: 'annulled' }],
  shielding: [
    { from: 'none', step: 'shield', by: 'agency', to: 'shielded' },
    { from: 'shielded', step: 'unshield', by: 'agency', to: 'ended' },
  ],
};

/** States in which something is awaited: of whom, within which term of the rules. */
const AWAITED: Partial<Record<CaseState, { turn: CaseParty; term: Term }>> = {
  open: { turn: 'agency', term: 'source' },
  submitted: { turn: 'agency', term: 'accept' },
  incomplete: { turn: 'subject', term: 'supplement' },
  accepted: { turn: 'agency', term: 'decide' },
};

/** What an upheld objection may end with (浙江省公共信用信息管理条例第三十一条). */
export const UPHELD: readonly CaseOutcome[] = ['corrected', 'supplemented', 'deleted', 'stopped', 'removed'];

/** Outcomes after which the record may be used no more. */
export const ENDS_RECORD: ReadonlySet<CaseOutcome> = new Set<CaseOutcome>(['deleted', 'stopped', 'removed']);

/** Kinds of case that a step can begin. */
export function firstStep(kind: CaseKind): StepName {
  const first = MACHINES[kind].find(({ from }) => from === 'none');
  if (!first) throw new RangeError(`no step begins a case of kind ${kind}`);
  return first.step;
}

/**
 * Where a case stands after its steps.
 * @throws CONFLICT for a step that the state does not allow, or that is another's to take; MALFORMED for a wrong outcome
 */
export function standingOf(kind: CaseKind, steps: readonly TakenStep[], rules: CaseRules): CaseStanding {
  let standing: CaseStanding | undefined;
  for (const step of steps) standing = advance(kind, standing, step, rules);
  return standing ?? malformed('case', 'one step at least', 'none');
}

/** The standing behind one more step; what `standingOf` is made of. Throws as it does. */
export function advance(
  kind: CaseKind,
  before: CaseStanding | undefined,
  { step, by, date, outcome }: TakenStep,
  { policies, region }: CaseRules,
): CaseStanding {
  const from = before?.state ?? 'none';
  const transition = MACHINES[kind].find((own) => own.from === from && own.step === step);
  if (!transition) {
    const wanted = MACHINES[kind].filter((own) => own.from === from).map((own) => own.step);
    throw new XinlianError('CONFLICT', {
      what: `${kind} that is ${from}`,
      wanted: wanted.join(', ') || 'no step any more',
      got: step,
    });
  }
  if (transition.by !== by) throw new XinlianError('FORBIDDEN', { wanted: `${step} by the ${transition.by}`, got: by });
  if (before && date < lastDay(before)) malformed('day of the step', `${lastDay(before)} or later`, date);
  checkOutcome(step, outcome);
  // What is missing may still come in time.
  if (step === 'refuse' && before?.turn === 'subject' && !isOverdue(before, date))
    throw new XinlianError('CONFLICT', { what: kind, wanted: `materials by ${before.due?.date}`, got: step });

  const opened = before?.opened ?? date;
  const extended = step === 'extend';
  if (extended && before?.extended === true)
    throw new XinlianError('CONFLICT', { what: kind, wanted: 'one extension', got: 'a second' });
  const awaited = AWAITED[transition.to];
  const rest = { state: transition.to, opened };
  if (!awaited) return { ...rest, extended: false, closed: date, ...(outcome !== undefined && { outcome }) };
  const pack = policies.get(kind === 'objection' ? 'objection' : 'repair', region, opened);
  // An extension is of the one deadline that it was asked for.
  if (!extended) {
    const due = policies.deadline(region, date, termOf(pack, awaited.term));
    return { ...rest, extended: false, turn: awaited.turn, due };
  }
  const { extension } = pack;
  if (!extension || !before?.due)
    throw new XinlianError('CONFLICT', { what: kind, wanted: `no extension (${pack.edition})`, got: step });
  if (date > before.due.date)
    throw new XinlianError('CONFLICT', { what: kind, wanted: `an extension by ${before.due.date}`, got: date });
  const due = policies.deadline(region, before.due.date, extension);
  return { ...rest, extended: true, turn: awaited.turn, due };
}

/** Whether what is awaited is late on a day. */
export function isOverdue({ due }: CaseStanding, today: string): boolean {
  return due !== undefined && today > due.date;
}

function lastDay({ opened, closed }: CaseStanding): string {
  return closed ?? opened;
}

function checkOutcome(step: StepName, outcome: CaseOutcome | undefined): void {
  if (step === 'uphold') {
    if (outcome === undefined || !UPHELD.includes(outcome)) malformed('outcome', UPHELD.join(', '), outcome ?? 'none');
  } else if (outcome !== undefined) malformed('outcome', `none of the step ${step}`, outcome);
}

function termOf(pack: object, term: Term): Deadline['term'] {
  return (pack as Record<Term, Deadline['term']>)[term];
}

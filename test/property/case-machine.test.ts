// The state machines of objection and repair against a plain reference, which is written from the rules again: random
// legal and illegal steps on random days, across the change of law of 2026-04-01 and the holidays.
import { expect } from 'chai';
import * as fc from 'fast-check';
import { CASE_OUTCOMES, CASE_STEPS, type CaseKind, type StepName } from '../../node/core/case-act.ts';
import { standingOf, type TakenStep } from '../../node/policy/case-machine.ts';
import { addDays } from '../../node/policy/days.ts';
import { builtInPolicies } from '../../node/policy/rules.ts';
import { accepts } from '../helpers/code-of.ts';

const calendar = builtInPolicies.edition('calendar', 'cn-working-days-2026');

function isWorked(day: string): boolean {
  const year = calendar.years.find((own) => own.year === Number(day.slice(0, 4)));
  const week = new Date(`${day}T00:00:00Z`).getUTCDay();
  return (
    year?.workdays.includes(day.slice(5)) === true || (week % 6 !== 0 && year?.daysOff.includes(day.slice(5)) !== true)
  );
}

function plus(day: string, workdays: number): string {
  let reached = day;
  for (let left = workdays; left > 0;) if (isWorked((reached = addDays(reached, 1)))) left--;
  return reached;
}

interface Plain {
  state: string;
  due: string | undefined;
  extended: boolean;
  last: string;
}

/** Working days of Zhejiang (330000) and of the two orders, written out. */
const SOURCE = 5;
const SOURCE_MORE = 15;
const ACCEPT = 3;
const DECIDE = 10;
const DECIDE_MORE = 10;
const SUPPLEMENT = 10;

/** @returns undefined for a step that is not allowed */
function plainStep(kind: CaseKind, now: Plain | undefined, { step, by, date, outcome }: TakenStep): Plain | undefined {
  if ((step === 'uphold') !== (outcome !== undefined)) return undefined;
  if (now && date < now.last) return undefined;
  const end = (state: string): Plain => ({ state, due: undefined, extended: false, last: date });
  const wait = (state: string, days: number): Plain => {
    return { state, due: plus(date, days), extended: false, last: now?.last ?? date };
  };
  const on = `${kind} ${now?.state ?? 'none'} ${by} ${step}`;
  if (step === 'extend') {
    if (by !== 'agency' || !now?.due || now.extended || date > now.due) return undefined;
    if (kind === 'objection' && now.state === 'open')
      return { ...now, due: plus(now.due, SOURCE_MORE), extended: true };
    if (kind === 'repair' && now.state === 'accepted')
      return { ...now, due: plus(now.due, DECIDE_MORE), extended: true };
    return undefined;
  }
  switch (on) {
    case 'objection none subject file':
      return wait('open', SOURCE);
    case 'objection open agency uphold':
      return end('upheld');
    case 'objection open agency reject':
      return end('rejected');
    case 'objection open subject withdraw':
      return end('withdrawn');
    case 'objection rejected subject state':
      return end('disputed');
    case 'repair none subject apply':
      return wait('submitted', ACCEPT);
    case 'repair submitted agency ask':
      return wait('incomplete', SUPPLEMENT);
    case 'repair incomplete subject supplement':
      return wait('submitted', ACCEPT);
    case 'repair submitted agency accept':
      return wait('accepted', DECIDE);
    case 'repair submitted agency refuse':
      return end('refused');
    case 'repair incomplete agency refuse':
      return now?.due !== undefined && date > now.due ? end('refused') : undefined;
    case 'repair accepted agency approve':
      return end('repaired');
    case 'repair accepted agency reject':
      return end('rejected');
    case 'repair repaired agency revoke':
      return end('revoked');
    case 'repair submitted subject withdraw':
    case 'repair incomplete subject withdraw':
    case 'repair accepted subject withdraw':
      return end('withdrawn');
    case 'annulment none agency annul':
      return end('annulled');
    case 'shielding none agency shield':
      return end('shielded');
    case 'shielding shielded agency unshield':
      return end('ended');
    default:
      return undefined;
  }
}

const BY_SUBJECT = new Set<StepName>(['file', 'withdraw', 'state', 'apply', 'supplement']);

function proper(step: StepName, date: string): TakenStep {
  const outcome = step === 'uphold' ? 'corrected' : undefined;
  return { step, by: BY_SUBJECT.has(step) ? 'subject' : 'agency', date, outcome };
}

const run = fc.constantFrom<CaseKind>('objection', 'repair', 'repair', 'annulment', 'shielding').chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    start: fc.integer({ min: 0, max: 3 * 365 }).map((days) => addDays('2023-12-01', days)),
    steps: fc.array(
      fc.record({
        step: fc.constantFrom(...CASE_STEPS),
        // Most go on from where the case stands, so that long ways are walked.
        guided: fc.integer({ min: 0, max: 9 }).map((n) => n > 2),
        pick: fc.nat(),
        wrongParty: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
        wrongOutcome: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
        outcome: fc.constantFrom(...CASE_OUTCOMES),
        days: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: -2, max: 40 })),
      }),
      { minLength: 1, maxLength: 30 },
    ),
  }),
);

describe('cases of objection and repair', () => {
  it('take every step that the rules allow and no other, each deadline to the day', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(run, ({ kind, start, steps }) => {
        const rules = { policies: builtInPolicies, region: '330000' };
        const taken: TakenStep[] = [];
        let plain: Plain | undefined;
        let day = start;
        for (const { step: any, guided, pick, wrongParty, wrongOutcome, outcome, days } of steps) {
          const date = addDays(day, days);
          const legal = CASE_STEPS.filter((step) => plainStep(kind, plain, proper(step, date)) !== undefined);
          const step = (guided ? legal[pick % legal.length] : undefined) ?? any;
          const by = BY_SUBJECT.has(step) !== wrongParty ? 'subject' : 'agency';
          const next: TakenStep = {
            step,
            by,
            date,
            outcome: (step === 'uphold') !== wrongOutcome ? outcome : undefined,
          };
          const wanted = plainStep(kind, plain, next);
          const allowed = accepts(() => standingOf(kind, [...taken, next], rules));
          expect(allowed, `${kind} ${plain?.state} ${by} ${step} ${date}`).to.equal(wanted !== undefined);
          if (!wanted) continue;
          taken.push(next);
          plain = wanted;
          if (date > day) day = date;
          const got = standingOf(kind, taken, rules);
          expect([got.state, got.due?.date, got.extended]).to.deep.equal([wanted.state, wanted.due, wanted.extended]);
          expect(got.opened).to.equal(taken[0]!.date);
          seen.add(`${kind} ${got.state}`);
        }
      }),
      { numRuns: 1_500 },
    );
    // The property says nothing of states that it never reached.
    expect([...seen]).to.have.length(16);
  });
});

// Periods and working days against plain references that count one day after the other.
import { expect } from 'chai';
import * as fc from 'fast-check';
import { addDays, addMonths } from '../../node/policy/days.ts';
import { publicityOf } from '../../node/policy/publicity.ts';
import { builtInPolicies } from '../../node/policy/rules.ts';

const calendarData = builtInPolicies.edition('calendar', 'cn-working-days-2026');
const date = fc.integer({ min: 0, max: 5 * 366 }).map((days) => addDays('2023-05-01', days));

/** Straight from the table of the notices. */
function plainIsWorked(day: string): boolean {
  const year = calendarData.years.find((own) => own.year === Number(day.slice(0, 4)));
  const week = new Date(`${day}T00:00:00Z`).getUTCDay();
  if (year?.workdays.includes(day.slice(5)) === true) return true;
  return week > 0 && week < 6 && year?.daysOff.includes(day.slice(5)) !== true;
}

describe('periods of law', () => {
  it('in working days are never off by a day', () => {
    fc.assert(
      fc.property(date, fc.integer({ min: 0, max: 40 }), (from, days) => {
        const { date: reached } = builtInPolicies.calendar('CN', from).addWorkingDays(from, days);
        let worked = 0;
        for (let day = from; day < reached;) if (plainIsWorked((day = addDays(day, 1)))) worked++;
        expect(worked).to.equal(days);
        expect(days === 0 || plainIsWorked(reached)).to.equal(true);
      }),
    );
  });

  it('in months reach the same day, or the last of the month', () => {
    fc.assert(
      fc.property(date, fc.integer({ min: 0, max: 60 }), (from, months) => {
        const reached = addMonths(from, months);
        const index = (day: string) => 12 * Number(day.slice(0, 4)) + Number(day.slice(5, 7));
        expect(index(reached) - index(from)).to.equal(months);
        const sameDay = reached.slice(8) === from.slice(8);
        expect(sameDay || (reached.slice(8) < from.slice(8) && addDays(reached, 1).endsWith('-01'))).to.equal(true);
      }),
    );
  });

  it('of publication hold on every day, across the change of law of 2026-04-01', () => {
    const kinds = ['警告', '通报批评', '罚款', '没收违法所得', '暂扣许可证件', '吊销许可证件', '责令关闭', '其他'];
    const penalty = fc.record({
      decided: date,
      declared: fc.option(date),
      kinds: fc.subarray(kinds, { minLength: 1 }),
      food: fc.boolean(),
      today: date,
    });
    fc.assert(
      fc.property(penalty, ({ decided, declared, kinds, food, today }) => {
        const text = kinds.join(';');
        const claims = new Map(
          Object.entries({ CF_JDRQ: decided, CF_GSJZQ: declared, CF_CFLB: text, CF_WFXW: food ? '食品' : '广告' }),
        );
        const pack = builtInPolicies.get('publicity', 'CN', today);
        const got = publicityOf(pack, { item: 'administrative-penalty', claims }, today);

        const later = today >= '2026-04-01';
        const onlyWarned = /警告|通报批评/.test(text) && !/罚款|没收|暂扣|吊销|责令/.test(text);
        const grave = later ? /吊销|责令关闭/.test(text) : food;
        const minor = onlyWarned && !grave;
        const months = minor ? 3 : later && !grave ? 12 : 36;
        const least = minor ? null : addDays(addMonths(decided, grave ? 12 : 3), 1);
        const limit = minor && !later ? null : addMonths(decided, months);
        const until = declared !== null && declared < (limit ?? '9') ? declared : limit;
        const allowed = !minor || (later && declared !== null);
        const inPeriod = decided <= today && (until === null || today <= until);
        expect(got).to.include({ published: allowed && inPeriod, repairFrom: least });
        expect(got.until).to.equal(until);
      }),
      { numRuns: 500 },
    );
  });
});

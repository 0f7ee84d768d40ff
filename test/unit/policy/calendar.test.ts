import { createRequire } from 'node:module';
import type * as chineseDays from 'chinese-days';
import { expect } from 'chai';
import { WorkingCalendar } from '../../../node/policy/calendar.ts';
import { addDays } from '../../../node/policy/days.ts';
import { builtInPolicies } from '../../../node/policy/rules.ts';
import { codeOf } from '../../helpers/code-of.ts';

// A CommonJS module whose names Node cannot see.
const { isWorkday } = createRequire(import.meta.url)('chinese-days') as typeof chineseDays;

describe('The working calendar', () => {
  const calendar = builtInPolicies.calendar('CN', '2026-06-01');

  it('agrees with the package that its table is from, on every day of its years', () => {
    for (let date = '2004-01-01'; date <= '2026-12-31'; date = addDays(date, 1)) {
      expect(calendar.isWorkingDay(date), date).to.equal(isWorkday(date));
    }
  });

  it('counts from the day after, over the holidays and the weekends that are worked', () => {
    const cases: [from: string, days: number, date: string][] = [
      ['2026-09-18', 1, '2026-09-20'], // a Sunday that is worked
      ['2026-09-30', 1, '2026-10-08'], // National Day
      ['2026-09-30', 3, '2026-10-10'], // with the Saturday that is worked
      ['2026-02-13', 2, '2026-02-24'], // Spring Festival
      ['2026-04-03', 1, '2026-04-07'],
      ['2026-10-03', 0, '2026-10-03'],
    ];
    for (const [from, days, date] of cases) {
      expect(calendar.addWorkingDays(from, days), `${from} + ${days}`).to.deep.equal({
        date,
        edition: 'cn-working-days-2026',
        provisional: false,
      });
      expect(calendar.workingDaysBetween(from, date)).to.equal(days);
    }
  });

  it('says where it knows weekends only', () => {
    const counted = calendar.addWorkingDays('2026-12-31', 1);
    expect(counted).to.include({ date: '2027-01-01', provisional: true });
    expect(calendar.covers('2027-01-01')).to.equal(false);
  });

  it('ends a period on the working day behind a day off', () => {
    expect(calendar.onWorkingDay('2026-10-01').date).to.equal('2026-10-08');
    expect(calendar.onWorkingDay('2026-10-10').date).to.equal('2026-10-10');
  });

  it('refuses days that are no number of days, and tables that contradict the week', () => {
    for (const days of [-1, 0.5, 100_000]) {
      expect(codeOf(() => calendar.addWorkingDays('2026-01-01', days))).to.equal('MALFORMED');
    }
    const pack = builtInPolicies.edition('calendar', 'cn-working-days-2026');
    for (const year of [
      { year: 2026, daysOff: ['10-03'], workdays: [] },
      { year: 2026, daysOff: [], workdays: ['10-01'] },
      { year: 2026, daysOff: ['02-30'], workdays: [] },
    ]) {
      expect(codeOf(() => new WorkingCalendar({ ...pack, years: [year] }))).to.equal('MALFORMED');
    }
  });
});

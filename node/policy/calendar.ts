// The working days of China, by a dated edition: what an edition does not know yet is said to be provisional.
import { Type, type Static } from 'typebox';
import { XinlianError } from '../core/errors.ts';
import { addDays, weekday } from './days.ts';
import { closed, packHeader } from './pack-header.ts';

const monthDays = Type.Array(Type.String({ pattern: '^\\d{2}-\\d{2}$' }));

export const CalendarPack = Type.Object(
  {
    ...packHeader('calendar'),
    years: Type.Array(
      Type.Object(
        {
          year: Type.Integer(),
          /** Days from Monday to Friday that are off: MM-DD. */
          daysOff: monthDays,
          /** Saturdays and Sundays that are worked: MM-DD. */
          workdays: monthDays,
          unverified: Type.Optional(Type.Boolean()),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type CalendarPack = Static<typeof CalendarPack>;

/** More than any period of law has. */
const MOST_DAYS = 10_000;

/** A day that was counted to. */
export interface Counted {
  /** YYYY-MM-DD */
  date: string;
  /** Of the calendar. */
  edition: string;
  /** Whether days were counted of a year whose holidays the edition does not know: only weekends are off in it. */
  provisional: boolean;
}

export class WorkingCalendar {
  readonly edition: string;
  readonly #daysOff = new Set<string>();
  readonly #workdays = new Set<string>();
  readonly #years: ReadonlySet<number>;

  /** Throws `MALFORMED` for a day that contradicts what it is. */
  constructor({ edition, years }: CalendarPack) {
    this.edition = edition;
    this.#years = new Set(years.map(({ year }) => year));
    for (const { year, daysOff, workdays } of years) {
      for (const day of daysOff) this.#daysOff.add(checked(edition, `${year}-${day}`, false));
      for (const day of workdays) this.#workdays.add(checked(edition, `${year}-${day}`, true));
    }
  }

  /** Whether the holidays of its year are known. */
  covers(date: string): boolean {
    return this.#years.has(Number(date.slice(0, 4)));
  }

  isWorkingDay(date: string): boolean {
    return isWeekend(date) ? this.#workdays.has(date) : !this.#daysOff.has(date);
  }

  /**
   * The working day that is so many behind a date: the day after it counts as the first.
   * @param days 0: the date itself, whether or not it is worked
   */
  addWorkingDays(date: string, days: number): Counted {
    if (!Number.isInteger(days) || days < 0 || days > MOST_DAYS)
      throw new XinlianError('MALFORMED', { what: 'working days', wanted: `0 to ${MOST_DAYS}`, got: String(days) });
    let reached = date;
    let provisional = !this.covers(date);
    for (let left = days; left > 0;) {
      reached = addDays(reached, 1);
      if (!this.covers(reached)) provisional = true;
      if (this.isWorkingDay(reached)) left--;
    }
    return { date: reached, edition: this.edition, provisional };
  }

  /** The date itself, or the first working day behind it: where a period ends on a day off (民法典第二百零三条). */
  onWorkingDay(date: string): Counted {
    let reached = date;
    while (!this.isWorkingDay(reached)) reached = addDays(reached, 1);
    return { date: reached, edition: this.edition, provisional: !this.covers(reached) };
  }

  /** Working days behind `from`, up to and with `to`; 0 where it is not behind. */
  workingDaysBetween(from: string, to: string): number {
    let days = 0;
    for (let date = addDays(from, 1); date <= to; date = addDays(date, 1)) if (this.isWorkingDay(date)) days++;
    return days;
  }
}

function isWeekend(date: string): boolean {
  return weekday(date) === 0 || weekday(date) === 6;
}

function checked(edition: string, date: string, weekend: boolean): string {
  if (addDays(date, 0) === date && isWeekend(date) === weekend) return date;
  const wanted = weekend ? 'a Saturday or Sunday' : 'a day from Monday to Friday';
  throw new XinlianError('MALFORMED', { what: `calendar ${edition}`, wanted, got: date });
}

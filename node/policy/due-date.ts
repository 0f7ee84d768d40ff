// Due dates in working days: the last second of the day in China, with the edition of the calendar that counted it.
import { chinaDate } from './date.ts';
import { builtInPolicies } from './rules.ts';

const CHINA_SECONDS = 8 * 3_600;
const DAY_SECONDS = 86_400;

export interface DueDate {
  /** Seconds since 1970. */
  due: number;
  /** `provisional`: the edition does not know the holidays of a year that was counted. */
  calendar: { edition: string; days: number; provisional: boolean };
}

/** @param now milliseconds since 1970: the day after it counts as the first @param days working days */
export function dueAfter(now: number, days: number): DueDate {
  const today = chinaDate(now);
  const { date, edition, provisional } = builtInPolicies.calendar('CN', today).addWorkingDays(today, days);
  const due = Date.parse(`${date}T00:00:00Z`) / 1000 - CHINA_SECONDS + DAY_SECONDS - 1;
  return { due, calendar: { edition, days, provisional } };
}

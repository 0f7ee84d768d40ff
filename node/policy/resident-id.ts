// The id number of a Chinese resident 公民身份号码, GB 11643-1999: known here so that it is turned away, and never kept.
import { parseDate } from './date.ts';

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]; // 2^(18-i) mod 11
const CHECK_CHARACTERS = '10X98765432';
const FORM = /^(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])\d{15}[\dXx]$/; // a province, by GB/T 2260, first

/** Whether a text is such a number: region, date of birth, ordinal and check character (ISO 7064, MOD 11-2). */
export function isResidentId(text: string): boolean {
  if (!FORM.test(text) || parseDate(text.slice(6, 14)) === undefined) return false;
  const sum = WEIGHTS.reduce((sum, weight, i) => sum + weight * Number(text[i]), 0);
  return CHECK_CHARACTERS[sum % 11] === text[17]?.toUpperCase();
}

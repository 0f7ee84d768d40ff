// What a number in a cell stands for, by its number format: a date, or digits (ECMA-376 part 1, 18.8.30 and 18.17.4.1).
import type { Cell } from './sheet.ts';

/** Built-in formats that show dates or times; 27 to 36 and 50 to 58 are those of Chinese spreadsheets. */
const DATE_FORMATS: readonly (readonly [from: number, to: number])[] = [
  [14, 22],
  [27, 36],
  [45, 47],
  [50, 58],
];

export interface NumberFormat {
  date: boolean;
  /** Text around the digits, and how many digits at least: as the cell is seen. */
  shown: { before: string; digits: number; after: string } | undefined;
}

export const GENERAL: NumberFormat = { date: false, shown: undefined };

/** @param code its text, of a format that is not built in */
export function numberFormat(id: number, code: string | undefined): NumberFormat {
  if (code === undefined) return { ...GENERAL, date: DATE_FORMATS.some(([from, to]) => id >= from && id <= to) };
  const [positive = ''] = code.split(';');
  const shown = /^((?:"[^"]*"|\\.)*)(0+)((?:"[^"]*"|\\.)*)$/.exec(positive);
  if (shown) {
    const [, before = '', zeros = '', after = ''] = shown;
    return { date: false, shown: { before: literal(before), digits: zeros.length, after: literal(after) } };
  }
  const bare = code.replaceAll(/"[^"]*"|\\.|_.|\*./g, '').replaceAll(/\[(?!(?:h+|m+|s+)\])[^\]]*\]/gi, '');
  return { ...GENERAL, date: !/general|@|e[+-]/i.test(bare) && /[ymdhs]/i.test(bare) };
}

function literal(text: string): string {
  return text.replaceAll(/"([^"]*)"|\\(.)/g, (_, quoted?: string, escaped?: string) => quoted ?? escaped ?? '');
}

/** @param raw the number as the file has it */
export function numberCell(raw: string, format: NumberFormat, date1904: boolean): Cell {
  const value = Number(raw);
  if (raw.trim() === '' || !Number.isFinite(value)) return { kind: 'text', text: raw };
  if (format.date) {
    const text = serialText(value, date1904);
    if (text !== undefined) return { kind: 'date', text };
  }
  const text = plainNumber(value);
  const { shown } = format;
  if (shown && Number.isInteger(value) && value >= 0 && (shown.before + shown.after !== '' || shown.digits > 1)) {
    return { kind: 'text', text: shown.before + text.padStart(shown.digits, '0') + shown.after };
  }
  return { kind: 'number', text };
}

/** Spreadsheets keep 15 digits: longer numbers are given as rounded ones, 9.14403001922038E+17. */
export function plainNumber(value: number): string {
  if (Math.abs(value) >= 1e15) return value.toExponential().replace('e', 'E');
  const text = String(Number(value.toPrecision(15)));
  return text.includes('e') ? value.toFixed(20).replace(/\.?0+$/, '') : text;
}

const DAY = 86_400;
const LAST_DAY = 2_958_465; // 9999-12-31

/**
 * A date by its serial number. The system of 1900 counts a 29 February 1900, which never was.
 * @returns undefined for a number that is none
 */
export function serialText(serial: number, date1904: boolean): string | undefined {
  const seconds = Math.round(serial * DAY);
  const days = Math.floor(seconds / DAY);
  const rest = seconds - days * DAY;
  const time = rest === 0 ? '' : new Date(rest * 1000).toISOString().slice(11, 19);
  if (days < 0 || days > LAST_DAY) return undefined;
  if (days === 0 && !date1904) return time === '' ? undefined : time;
  if (days === 60 && !date1904) return undefined;
  const since = date1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, days < 60 ? 31 : 30);
  const date = new Date(since + days * DAY * 1000).toISOString().slice(0, 10);
  return time === '' ? date : `${date} ${time}`;
}

// Dates as clerks write them, and as their programs do.

const TIME = String.raw`(?:[T ]?(?:上午|下午)?(?:[01]?\d|2[0-3])[:时][0-5]\d(?:分|(?::[0-5]\d(?:\.\d+)?)?|分[0-5]?\d秒)(?: ?[AP]M)?)`;
const ZONE = String.raw`(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?`;
const FORMS = [
  new RegExp(String.raw`^(\d{4})([-/.\\、])(\d{1,2})\2(\d{1,2})\.?(?:${TIME}${ZONE})?$`),
  new RegExp(String.raw`^(\d{4})()(\d{2})(\d{2})(?: ${TIME}|(?:[01]\d|2[0-3])[0-5]\d[0-5]\d)?$`),
  new RegExp(String.raw`^(\d{4})(年)(\d{1,2})月(\d{1,2})[日号]?${TIME}?$`),
];

/** @returns YYYY-MM-DD, the date in China; undefined for what is no date of the calendar, from 1900 on */
export function parseDate(text: string): string | undefined {
  const plain = /^\d{4}[-/]?\d{1,2}[-/]?\d{1,2}$/.test(text) ? text : plainDate(text);
  for (const form of FORMS) {
    const match = form.exec(plain);
    if (!match) continue;
    const [year, month, day] = [Number(match[1]), Number(match[3]), Number(match[4])];
    if (year < 1900 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined;
    const date = `${match[1]}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
    return match[5] === undefined ? date : dateOfInstant(date, plain, match[5]);
  }
  return undefined;
}

/** One spelling: Chinese digits, dashes and points of any kind, spaces around signs, the day of the week. */
function plainDate(text: string): string {
  return chineseDigits(text.normalize('NFKC'))
    .replace(/[(]?(?:星期|周)[一二三四五六日天][)]?/, '')
    .replaceAll(/[\u2010-\u2015\u2212]/g, '-')
    .replaceAll('。', '.')
    .replaceAll(/\s*([-/.\\、年月日号时分:])\s*/g, '$1')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

const DIGITS = '〇一二三四五六七八九';

/** 二〇二四年十月二十一日 → 2024年10月21日 */
function chineseDigits(text: string): string {
  return text.replace(
    /^\s*([〇○零O0一二三四五六七八九]{4})\s*年\s*([元正一二三四五六七八九十]{1,3})\s*月\s*([一二三四五六七八九十]{1,3})\s*(?=[日号])/,
    (_, year: string, month: string, day: string) => {
      const digits = [...year].map((digit) => Math.max(0, DIGITS.indexOf(digit))).join('');
      return `${digits}年${underHundred(month)}月${underHundred(day)}`;
    },
  );
}

function underHundred(text: string): number {
  if (text === '元' || text === '正') return 1;
  const ten = text.indexOf('十');
  if (ten < 0) return text.length === 1 ? DIGITS.indexOf(text) : 0;
  return (ten === 0 ? 1 : DIGITS.indexOf(text[0] ?? '')) * 10 + Math.max(0, DIGITS.indexOf(text[ten + 1] ?? '〇'));
}

/** An instant with its zone: midnight in China is the day before in UTC, as programs write it. */
function dateOfInstant(date: string, text: string, zone: string): string | undefined {
  const time = /[T ](\d{1,2}:\d{2}(?::\d{2})?)/.exec(text)?.[1]?.padStart(5, '0');
  const offset = zone === 'Z' ? zone : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const instant = Date.parse(`${date}T${time}${offset}`);
  return Number.isNaN(instant) ? undefined : chinaDate(instant);
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** The date in China (UTC+8, no summer time) at an instant in milliseconds since 1970: YYYY-MM-DD. */
export function chinaDate(milliseconds: number): string {
  return new Date(milliseconds + 8 * 3_600_000).toISOString().slice(0, 10);
}

/** Date and time in China, for people: YYYY-MM-DD HH:MM:SS. */
export function chinaTime(seconds: number): string {
  const clock = new Date(seconds * 1000 + 8 * 3_600_000).toISOString().slice(11, 19);
  return `${chinaDate(seconds * 1000)} ${clock}`;
}

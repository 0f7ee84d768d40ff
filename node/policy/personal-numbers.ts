// Numbers of persons in free text: residents' id numbers (GB 11643) and numbers of mobile phones.
import { isResidentId } from './resident-id.ts';

const CANDIDATES = /(?<![0-9A-Za-z])(?:[1-8]\d{16}[\dXx]|(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2})(?![0-9A-Za-z])/g;

function isPersonal(text: string): boolean {
  return text.length !== 18 || isResidentId(text);
}

/** Every such number. */
export function personalNumbers(text: string): string[] {
  return (text.normalize('NFKC').match(CANDIDATES) ?? []).filter(isPersonal);
}

/** The text with all but the ends of such numbers as asterisks; itself where it has none. */
export function maskPersonal(text: string): string {
  if (!/[0-9０-９]{4}/.test(text)) return text;
  const mask = (part: string): string =>
    part.replaceAll(CANDIDATES, (number) => (isPersonal(number) ? masked(number) : number));
  const done = mask(text);
  if (personalNumbers(done).length === 0) return done;
  // Some are written in digits of full width.
  return mask(text.replaceAll(/[０-９Ｘｘ]/g, (wide) => wide.normalize('NFKC')));
}

function masked(number: string): string {
  const [head, tail] = number.length === 18 && !number.startsWith('+') ? [4, 2] : [3, 4];
  return `${number.slice(0, head)}${'*'.repeat(number.length - head - tail)}${number.slice(-tail)}`;
}

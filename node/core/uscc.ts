// The unified social credit code 统一社会信用代码, GB 32100-2015, and the organisation code inside it, GB 11714-1997.
import type { Branded } from './brand.ts';
import { malformed } from './errors.ts';

/** 18 characters with a right check character. */
export type Uscc = Branded<string, 'Uscc'>;

/** What kind of body its first two characters say it is. */
export type UsccCategory =
  'public-body' | 'social-organisation' | 'enterprise' | 'sole-trader' | 'cooperative' | 'other';

export type UsccFault = 'length' | 'alphabet' | 'check-character';

export type UsccInspection =
  | {
      ok: true;
      uscc: Uscc;
      category: UsccCategory;
      /** Whether the organisation code in it (characters 9 to 17) checks too. Some legacy codes fail: warn, do not refuse. */
      innerCheck: boolean;
    }
  | {
      ok: false;
      fault: UsccFault;
      wanted: string;
      got: string;
      /** Of the first wrong character, from 1. */
      position?: number;
    };

const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]; // 3^(i-1) mod 31
const ORGANISATION_ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'; // GB 11714 counts the letters that a USCC leaves out
const ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2];
const LENGTH = 18;

const categories = new Map<string, UsccCategory>([
  ['11', 'public-body'],
  ['12', 'public-body'],
  ['13', 'public-body'],
  ['51', 'social-organisation'],
  ['52', 'social-organisation'],
  ['53', 'social-organisation'],
  ['91', 'enterprise'],
  ['92', 'sole-trader'],
  ['93', 'cooperative'],
]);

/**
 * Says what a code is, or the first thing that is wrong with it. The region in it (characters 3 to 8) is that of the
 * first registration, is never re-coded, and is no ground for refusal.
 */
export function inspectUscc(text: string): UsccInspection {
  if (text.length !== LENGTH) {
    return { ok: false, fault: 'length', wanted: `${LENGTH} characters`, got: String(text.length) };
  }
  const wrong = firstOutside(text, ALPHABET);
  if (wrong !== -1) {
    return { ok: false, fault: 'alphabet', wanted: `one of ${ALPHABET}`, got: text.charAt(wrong), position: wrong + 1 };
  }
  const wanted = usccCheckCharacter(text.slice(0, LENGTH - 1));
  const got = text.charAt(LENGTH - 1);
  if (got !== wanted) return { ok: false, fault: 'check-character', wanted, got, position: LENGTH };
  return {
    ok: true,
    uscc: text as Uscc,
    category: categories.get(text.slice(0, 2)) ?? 'other',
    innerCheck: organisationCheckCharacter(text.slice(8, 16)) === text.charAt(16),
  };
}

/** Throws `MALFORMED`. */
export function parseUscc(text: string): Uscc {
  const inspection = inspectUscc(text);
  if (inspection.ok) return inspection.uscc;
  const { fault, wanted, got } = inspection;
  return malformed('USCC', `${fault}: ${wanted}`, got);
}

/** Sole traders 个体工商户: their fields are those of a natural person, and are protected. */
export function isSoleTrader(uscc: Uscc): boolean {
  return uscc.startsWith('92');
}

/** The 18th character for the first 17. Throws `MALFORMED` where they are not 17 of the alphabet. */
export function usccCheckCharacter(first17: string): string {
  const sum = weightedSum('first 17 characters of a USCC', first17, ALPHABET, WEIGHTS);
  return ALPHABET.charAt((31 - (sum % 31)) % 31);
}

/** The 9th character of an organisation code for its first 8: a digit, or X for 10. Throws `MALFORMED`. */
export function organisationCheckCharacter(first8: string): string {
  const sum = weightedSum('first 8 characters of a code', first8, ORGANISATION_ALPHABET, ORGANISATION_WEIGHTS);
  return '0123456789X'.charAt((11 - (sum % 11)) % 11);
}

export interface UsccParts {
  /** Registering authority, 1 character. */
  authority: string;
  /** Kind of body, 1 character. */
  category: string;
  /** GB/T 2260, 6 digits. */
  region: string;
  /** Organisation code without its check character, 8 characters. */
  body8: string;
}

/** A code with both check characters right, for generators of test data. Throws `MALFORMED`. */
export function makeUscc({ authority, category, region, body8 }: UsccParts): Uscc {
  const first17 = authority + category + region + body8 + organisationCheckCharacter(body8);
  return parseUscc(first17 + usccCheckCharacter(first17));
}

function weightedSum(what: string, text: string, alphabet: string, weights: readonly number[]): number {
  if (text.length !== weights.length || firstOutside(text, alphabet) !== -1) {
    malformed(what, `${weights.length} of ${alphabet}`, text);
  }
  return weights.reduce((sum, weight, i) => sum + weight * alphabet.indexOf(text.charAt(i)), 0);
}

function firstOutside(text: string, alphabet: string): number {
  for (let i = 0; i < text.length; i++) if (!alphabet.includes(text.charAt(i))) return i;
  return -1;
}

// How long a record may be published, by the edition in force on the day that it is read. Computed on every read.
import type { ClaimValue } from '../core/disclosure.ts';
import { addDays, addMonths } from './days.ts';
import type { Term } from './pack-header.ts';
import { GRADES, type Grade, type PublicityPack } from './rules.ts';

export interface Publicity {
  /** Whether it may be published on the day. */
  published: boolean;
  /** Why it may not: for people. */
  why?: string;
  /** Absent where the item says nothing of misconduct. */
  grade?: Grade;
  /** First day; null where the record says none. */
  from: string | null;
  /** Last day; null where there is no end. */
  until: string | null;
  /** First day on which it may be repaired; absent where it needs no repair, null: as soon as the duties are done. */
  repairFrom?: string | null;
  edition: string;
  citation: string;
  /** Whether any value that decided was not compared with its source. */
  unverified: boolean;
}

export interface PublishedRecord {
  item: string;
  /** Claims by name, `validFrom` and `validTo` among them. */
  claims: ReadonlyMap<string, ClaimValue>;
}

/** Dates that stand for 长期. */
const WITHOUT_END = '2099-12-31';

/** @param today the day in China on which it is read, YYYY-MM-DD */
export function publicityOf(pack: PublicityPack, { item, claims }: PublishedRecord, today: string): Publicity {
  const rule = pack.items.find((own) => own.item === item);
  const text = (name: string | undefined): string => {
    const value = name === undefined ? undefined : claims.get(name);
    return typeof value === 'string' ? value : '';
  };
  if (!rule) {
    const { edition, citation } = pack;
    return judged(today, { from: null, until: text('validTo') || null, edition, citation, unverified: false });
  }

  const found = [
    ...pack.conducts.filter(({ words }) => words.some((word) => text(rule.conduct).includes(word))),
    ...pack.fields.filter(({ words }) => words.some((word) => text(rule.field).includes(word))),
  ];
  const grade =
    rule.grade ?? GRADES.findLast((own) => found.some((conduct) => conduct.grade === own)) ?? pack.otherwise;
  const limits = pack.grades.find((own) => own.grade === grade);
  const from = text(rule.start) || null;
  if (!limits || from === null) return { ...none(pack, grade), why: 'the record says no date that a period begins on' };
  const { least, most, published, zh, citation } = limits;
  const declared = text(rule.declaredEnd);
  const limit = most && behind(from, most);
  // An agency may publish for a shorter time than the most, and not for a longer one.
  const until = declared !== '' && declared < (limit ?? WITHOUT_END) ? declared : limit;
  const unverified = [rule, limits, least, most, ...found].some((value) => value?.unverified === true);
  const repairFrom = least ? addDays(behind(from, least), 1) : null;
  const outcome = { grade, from, until, repairFrom, edition: pack.edition, citation, unverified };
  if (published === 'never') return { ...outcome, published: false, why: `${zh} ${grade}: not published` };
  // That there is a need to publish what is minor, an agency says by naming an end.
  if (published === 'if-needed' && declared === '')
    return { ...outcome, published: false, why: `${zh} ${grade}: not published unless its agency says until when` };
  return judged(today, outcome);
}

/** The day that is a period behind: it is the period's last (民法典第二百零二条). */
function behind(from: string, { count, unit }: Term): string {
  if (unit === 'months' || unit === 'years') return addMonths(from, unit === 'months' ? count : 12 * count);
  return addDays(from, count);
}

function judged(today: string, outcome: Omit<Publicity, 'published' | 'why'>): Publicity {
  const { from, until } = outcome;
  if (until !== null && today > until) return { ...outcome, published: false, why: `its period ended on ${until}` };
  if (from !== null && today < from) return { ...outcome, published: false, why: `its period begins on ${from}` };
  return { ...outcome, published: true };
}

function none({ edition, citation }: PublicityPack, grade: Grade): Publicity {
  return { published: false, grade, from: null, until: null, edition, citation, unverified: true };
}

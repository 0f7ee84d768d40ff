// Special credit reports 专项信用报告: which facts count as misconduct, in which field of law, and of which day. As data.
import { Type, type Static } from 'typebox';
import { malformed } from '../core/errors.ts';
import { codec } from '../core/messages/codec.ts';
import type { ReportHead, ReportLine } from '../core/report.ts';
import { closed, packHeader } from './pack-header.ts';
import { isDate } from './days.ts';
import pack from './packs/cn-special-report.json' with { type: 'json' };

const SpecialPack = Type.Object(
  {
    ...packHeader('special-report'),
    items: Type.Array(
      Type.Object(
        {
          item: Type.String(),
          /** Claim with the name of the body that decided. */
          authority: Type.String(),
          /** Claim with the day of its decision. */
          date: Type.String(),
        },
        closed,
      ),
      { minItems: 1 },
    ),
    fields: Type.Array(
      Type.Object(
        {
          field: Type.String({ pattern: '^[a-z-]{2,40}$' }),
          zh: Type.String(),
          en: Type.String(),
          /** In the names of bodies whose field it is. */
          words: Type.Array(Type.String({ minLength: 2 }), { minItems: 1 }),
        },
        closed,
      ),
      { minItems: 1 },
    ),
  },
  closed,
);
type SpecialPack = Static<typeof SpecialPack>;

/** Chosen fields and a period, both days included. */
export interface SpecialOrder {
  fields: readonly string[];
  /** YYYY-MM-DD */
  from: string;
  to: string;
}

export class SpecialReports {
  readonly edition: string;
  readonly #pack: SpecialPack;

  /** Throws `MALFORMED`. */
  constructor(value: unknown) {
    this.#pack = codec('special report', SpecialPack).check(value);
    this.edition = this.#pack.edition;
  }

  get fields(): readonly { field: string; zh: string; en: string }[] {
    return this.#pack.fields;
  }

  /**
   * What of the facts counts, and what is said of each field: a fact may belong to several.
   * @throws MALFORMED for an unknown field, one that comes twice, or a period that is none
   */
  select(
    { fields, from, to }: SpecialOrder,
    lines: readonly ReportLine[],
  ): { lines: ReportLine[]; special: NonNullable<ReportHead['special']> } {
    if (!isDate(from) || !isDate(to) || from > to) malformed('period', 'two dates in their order', `${from} to ${to}`);
    if (new Set(fields).size !== fields.length) malformed('fields', 'each once', fields.join());
    const counted = new Set<ReportLine>();
    const told = fields.map((code) => {
      const known = this.#pack.fields.find(({ field }) => field === code);
      if (!known) return malformed('field', this.#pack.fields.map(({ field }) => field).join(', '), code);
      const own = lines.filter((line) => this.#counts(line, known.words, { from, to }));
      for (const line of own) counted.add(line);
      return { field: code, zh: known.zh, en: known.en, records: own.length };
    });
    return {
      lines: lines.filter((line) => counted.has(line)),
      special: { from, to, rules: this.edition, fields: told },
    };
  }

  #counts({ item, claims }: ReportLine, words: readonly string[], period: { from: string; to: string }): boolean {
    const rule = this.#pack.items.find((own) => own.item === item);
    if (!rule) return false;
    const [authority, date] = [claims[rule.authority], claims[rule.date]];
    if (typeof authority !== 'string' || !words.some((word) => authority.includes(word))) return false;
    // A decision without a day is not left out of a report that says that there is none.
    return typeof date !== 'string' || (date >= period.from && date <= period.to);
  }
}

export const builtInSpecialReports: SpecialReports = new SpecialReports(pack);

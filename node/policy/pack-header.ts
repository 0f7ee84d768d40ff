// What every pack of rules says of itself, and how a legal number is written in one.
import { Type, type Static } from 'typebox';

export const closed = { additionalProperties: false };

const date = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' });

/** The head of a pack of a kind. */
export function packHeader<const K extends string>(kind: K) {
  return {
    kind: Type.Literal(kind),
    /** The same through its editions. */
    pack: Type.String(),
    edition: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' }),
    /** CN, or a region by GB/T 2260: six digits. */
    jurisdiction: Type.String({ pattern: '^(CN|\\d{6})$' }),
    title: Type.String(),
    citation: Type.String({ minLength: 1 }),
    effectiveFrom: date,
    /** The last day; null where no end is known. */
    effectiveTo: Type.Union([date, Type.Null()]),
    note: Type.String(),
    unverified: Type.Optional(Type.Boolean()),
  };
}

export interface PackHeader {
  kind: string;
  pack: string;
  edition: string;
  jurisdiction: string;
  title: string;
  citation: string;
  effectiveFrom: string;
  effectiveTo: string | null;
  note: string;
  unverified?: boolean;
}

/** What is read by the same reader: items of records, what grants may say, what agencies share, reports, other rules. */
export type PackFamily = 'catalogue' | 'grants' | 'sharing' | 'report' | 'special-report' | 'rules';

export function familyOf(pack: { kind?: unknown; items?: unknown }): PackFamily {
  if (pack.kind === undefined) return pack.items === undefined ? 'grants' : 'catalogue';
  const own = (['sharing', 'report', 'special-report'] as const).find((family) => family === pack.kind);
  return own ?? 'rules';
}

/** Where a value comes from, and whether it was compared with that text. */
export const sourced = { citation: Type.String({ minLength: 1 }), unverified: Type.Optional(Type.Boolean()) };

/** A period of law. */
export const Term = Type.Object(
  {
    count: Type.Integer({ minimum: 0, maximum: 1_000 }),
    unit: Type.Union([
      Type.Literal('working-days'),
      Type.Literal('days'),
      Type.Literal('months'),
      Type.Literal('years'),
    ]),
    ...sourced,
  },
  closed,
);
export type Term = Static<typeof Term>;

/** For people: 3个工作日 3 working days */
export function termText({ count, unit }: Term): string {
  const zh = { 'working-days': '个工作日', days: '天', months: '个月', years: '年' }[unit];
  return `${count}${zh} (${count} ${unit.replace('-', ' ')})`;
}

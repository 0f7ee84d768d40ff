// Rules of law as packs: publicity periods, deadlines of publication, objection and repair, listed measures, the calendar. Several
// editions are in force at once, by date and region; the nearest region that has one of its own goes above the country.
import { localPacks } from '#local-packs';
import { Type, type Static, type TSchema } from 'typebox';
import { malformed, XinlianError } from '../core/errors.ts';
import { codec } from '../core/messages/codec.ts';
import { CalendarPack, WorkingCalendar, type Counted } from './calendar.ts';
import { addDays, addMonths, isDate } from './days.ts';
import { closed, packHeader, sourced, Term, type PackHeader } from './pack-header.ts';
import measures from './packs/cn-measures.json' with { type: 'json' };
import publicity from './packs/cn-publicity.json' with { type: 'json' };
import repair from './packs/cn-repair.json' with { type: 'json' };
import timeliness from './packs/cn-timeliness.json' with { type: 'json' };
import workingDays from './packs/cn-working-days.json' with { type: 'json' };
import objection from './packs/objection.json' with { type: 'json' };

const Grade = Type.Union([Type.Literal('minor'), Type.Literal('general'), Type.Literal('serious')]);
/** How grave what a record says is: 轻微, 一般, 严重. */
export type Grade = Static<typeof Grade>;
/** From light to grave. */
export const GRADES: readonly Grade[] = ['minor', 'general', 'serious'];

const words = Type.Array(Type.String({ minLength: 1 }), { minItems: 1 });

export const PublicityPack = Type.Object(
  {
    ...packHeader('publicity'),
    grades: Type.Array(
      Type.Object(
        {
          grade: Grade,
          zh: Type.String(),
          en: Type.String(),
          published: Type.Union([Type.Literal('yes'), Type.Literal('if-needed'), Type.Literal('never')]),
          /** It is not repaired before; null: as soon as the duties are done. */
          least: Type.Union([Term, Type.Null()]),
          /** It is not published longer; null: no end. */
          most: Type.Union([Term, Type.Null()]),
          ...sourced,
        },
        closed,
      ),
    ),
    /** Words of a decision that say which grade it is of; the gravest that is found holds. */
    conducts: Type.Array(Type.Object({ words, grade: Grade, ...sourced }, closed)),
    /** Words that name a field in which more is due. */
    fields: Type.Array(Type.Object({ words, grade: Grade, ...sourced }, closed)),
    /** Where no word is found. */
    otherwise: Grade,
    /** Which items are about misconduct, and which of their claims say what, since when, until when. */
    items: Type.Array(
      Type.Object(
        {
          item: Type.String(),
          conduct: Type.Optional(Type.String()),
          field: Type.Optional(Type.String()),
          start: Type.String(),
          declaredEnd: Type.Optional(Type.String()),
          /** Of every record of the item. */
          grade: Type.Optional(Grade),
          ...sourced,
        },
        closed,
      ),
    ),
  },
  closed,
);
export type PublicityPack = Static<typeof PublicityPack>;

export const ObjectionPack = Type.Object(
  {
    ...packHeader('objection'),
    /** Within which the record is marked everywhere. */
    mark: Term,
    /** Within which the platform passes it on to the source unit. */
    forward: Term,
    /** Within which the platform settles its own error. */
    platform: Term,
    /** Within which the source unit answers. */
    source: Term,
    /** By which the source unit may put it off, once; null: never. */
    extension: Type.Union([Term, Type.Null()]),
    /** Within which a record is withdrawn whose decision was annulled. */
    withdraw: Term,
  },
  closed,
);
export type ObjectionPack = Static<typeof ObjectionPack>;

export const RepairPack = Type.Object(
  {
    ...packHeader('repair'),
    materials: Type.Array(
      Type.Object({ code: Type.String(), zh: Type.String(), en: Type.String(), ...sourced }, closed),
    ),
    accept: Term,
    decide: Term,
    extension: Type.Union([Term, Type.Null()]),
    /** Within which the applicant adds what is missing. */
    supplement: Term,
    /** Within which publication, sharing and use stop. */
    stop: Term,
    /** For how long nothing is repaired for who gave a false commitment. */
    falseCommitment: Term,
    shielding: Type.Object({ zh: Type.String(), en: Type.String(), ...sourced }, closed),
  },
  closed,
);
export type RepairPack = Static<typeof RepairPack>;

export const MeasuresPack = Type.Object(
  {
    ...packHeader('measures'),
    classes: Type.Array(Type.Object({ class: Type.String(), zh: Type.String(), en: Type.String() }, closed)),
    matters: Type.Array(Type.Object({ matter: Type.String(), zh: Type.String(), en: Type.String() }, closed)),
    measures: Type.Array(
      Type.Object(
        {
          measure: Type.String(),
          class: Type.String(),
          zh: Type.String(),
          en: Type.String(),
          content: Type.String(),
          basis: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
          authority: Type.String(),
          /** Matters of a service desk in which it applies. */
          matters: Type.Array(Type.String()),
          /** Records that it applies for; `words`: only where the decision says one of them. */
          triggers: Type.Array(Type.Object({ item: Type.String(), words: Type.Optional(words) }, closed)),
          unverified: Type.Optional(Type.Boolean()),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type MeasuresPack = Static<typeof MeasuresPack>;

export const TimelinessPack = Type.Object(
  {
    ...packHeader('timeliness'),
    /** Until when a record of an item must be published, from the day on which a claim says that it was decided. */
    items: Type.Array(Type.Object({ item: Type.String(), decided: Type.String(), within: Term }, closed)),
  },
  closed,
);
export type TimelinessPack = Static<typeof TimelinessPack>;

const SCHEMAS = {
  calendar: CalendarPack,
  publicity: PublicityPack,
  objection: ObjectionPack,
  repair: RepairPack,
  measures: MeasuresPack,
  timeliness: TimelinessPack,
} as const satisfies Record<string, TSchema>;

export type RuleKind = keyof typeof SCHEMAS;
export const RULE_KINDS = Object.keys(SCHEMAS) as RuleKind[];
export type RulePack<K extends RuleKind = RuleKind> = { [P in K]: Static<(typeof SCHEMAS)[P]> }[K];

const codecs = Object.fromEntries(
  Object.entries(SCHEMAS).map(([kind, schema]) => [kind, codec(`pack of kind ${kind}`, schema as TSchema)]),
);

/** A deadline, with what it was set by. */
export interface Deadline extends Counted {
  term: Term;
}

export class Policies {
  readonly #packs: readonly RulePack[];
  readonly #calendars = new Map<string, WorkingCalendar>();

  /** Throws `MALFORMED` for a pack that contradicts itself, or two editions in force at once in one place. */
  constructor(packs: readonly unknown[]) {
    this.#packs = packs.flat().map(checkPack);
    for (const [i, pack] of this.#packs.entries()) {
      const other = this.#packs.slice(i + 1).find((own) => clash(own, pack));
      if (other) malformed(`pack ${pack.pack}`, `no other edition at once (${pack.edition})`, other.edition);
    }
    for (const pack of this.#packs) {
      if (pack.kind === 'calendar') this.#calendars.set(pack.edition, new WorkingCalendar(pack));
    }
  }

  list(): readonly RulePack[] {
    return this.#packs;
  }

  /** The editions in force in a region on a date, one of each kind. */
  inForce(region: string, date: string): RulePack[] {
    return RULE_KINDS.flatMap((kind) => this.find(kind, region, date) ?? []);
  }

  /** @param region GB/T 2260, or CN @param date YYYY-MM-DD */
  find<K extends RuleKind>(kind: K, region: string, date: string): RulePack<K> | undefined {
    const inForce = this.#packs.filter((pack): pack is RulePack<K> => pack.kind === kind && isInForce(pack, date));
    for (const place of placesOf(region)) {
      const own = inForce.find(({ jurisdiction }) => jurisdiction === place);
      if (own) return own;
    }
    return undefined;
  }

  /** As `find`. Throws `NOT_FOUND` where none is in force. */
  get<K extends RuleKind>(kind: K, region: string, date: string): RulePack<K> {
    const found = this.find(kind, region, date);
    if (found) return found;
    throw new XinlianError('NOT_FOUND', { what: `pack of kind ${kind}`, id: `${region}, ${date}` });
  }

  /** By its edition. Throws `NOT_FOUND`. */
  edition<K extends RuleKind>(kind: K, edition: string): RulePack<K> {
    const found = this.#packs.find((pack): pack is RulePack<K> => pack.kind === kind && pack.edition === edition);
    if (found) return found;
    throw new XinlianError('NOT_FOUND', { what: `pack of kind ${kind}`, id: edition });
  }

  /** Throws `NOT_FOUND`. */
  calendar(region: string, date: string): WorkingCalendar {
    const { edition } = this.get('calendar', region, date);
    const calendar = this.#calendars.get(edition);
    if (!calendar) throw new XinlianError('NOT_FOUND', { what: 'calendar', id: edition });
    return calendar;
  }

  /**
   * The last day of a period that a date begins.
   * @param from YYYY-MM-DD: the day after it counts as the first
   */
  deadline(region: string, from: string, term: Term): Deadline {
    const calendar = this.calendar(region, from);
    const { count, unit } = term;
    if (unit === 'working-days') return { ...calendar.addWorkingDays(from, count), term };
    const end = unit === 'days' ? addDays(from, count) : addMonths(from, unit === 'months' ? count : 12 * count);
    return { ...calendar.onWorkingDay(end), term };
  }
}

/** Throws `MALFORMED`. */
export function checkPack(value: unknown): RulePack {
  const kind = (value as { kind?: unknown } | null)?.kind;
  const own = typeof kind === 'string' ? codecs[kind] : undefined;
  if (!own) return malformed('pack', `a kind: ${RULE_KINDS.join(', ')}`, String(kind));
  const pack = own.check(value) as RulePack;
  const { effectiveFrom, effectiveTo } = pack;
  for (const date of [effectiveFrom, effectiveTo ?? effectiveFrom])
    if (!isDate(date)) malformed(`pack ${pack.edition}`, 'dates of the calendar', date);
  if (effectiveTo !== null && effectiveTo < effectiveFrom)
    malformed(`pack ${pack.edition}`, `an end not before ${effectiveFrom}`, effectiveTo);
  if (pack.kind === 'publicity') checkPublicity(pack);
  if (pack.kind === 'measures') checkMeasures(pack);
  return pack;
}

function checkPublicity({ edition, grades }: PublicityPack): void {
  const got = grades.map(({ grade }) => grade).join(', ');
  if (got !== GRADES.join(', ')) malformed(`pack ${edition}, grades`, GRADES.join(', '), got);
}

function checkMeasures({ edition, classes, matters, measures }: MeasuresPack): void {
  const what = `pack ${edition}`;
  const codes = measures.map(({ measure }) => measure);
  const twice = codes.find((code, i) => codes.indexOf(code) !== i);
  if (twice !== undefined) malformed(what, 'each measure once', twice);
  const known = new Set(matters.map(({ matter }) => matter));
  for (const measure of measures) {
    if (!classes.some((own) => own.class === measure.class)) malformed(what, 'a class of the list', measure.class);
    const stray = measure.matters.find((matter) => !known.has(matter));
    if (stray !== undefined) malformed(what, 'a matter of the list', stray);
  }
}

/** From near to far: 320904, 320900, 320000, CN. */
function placesOf(region: string): string[] {
  if (!/^\d{6}$/.test(region)) return ['CN'];
  return [...new Set([region, `${region.slice(0, 4)}00`, `${region.slice(0, 2)}0000`]), 'CN'];
}

function isInForce({ effectiveFrom, effectiveTo }: PackHeader, date: string): boolean {
  return effectiveFrom <= date && (effectiveTo === null || date <= effectiveTo);
}

function clash(a: RulePack, b: RulePack): boolean {
  if (a.kind !== b.kind) return false;
  if (a.edition === b.edition) return true;
  if (a.jurisdiction !== b.jurisdiction) return false;
  return (a.effectiveTo ?? '9') >= b.effectiveFrom && (b.effectiveTo ?? '9') >= a.effectiveFrom;
}

/** The packs that come with the software, and those of the place. */
export const RULE_PACKS: readonly unknown[] = [
  measures,
  publicity,
  repair,
  workingDays,
  objection,
  timeliness,
  ...localPacks('rules'),
];
export const builtInPolicies = new Policies(RULE_PACKS);

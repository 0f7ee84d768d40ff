// Policy packs: what the law and the catalogues say, as data with jurisdiction, dates in force and citation.
import { localPacks } from '#local-packs';
import { Type, type Static } from 'typebox';
import { codec } from '../core/messages/codec.ts';
import { XinlianError } from '../core/errors.ts';
import basicCatalogue from './packs/cn-basic-catalogue.json' with { type: 'json' };
import financingData from './packs/cn-financing-data.json' with { type: 'json' };
import sharedAdministration from './packs/cn-shared-administration.json' with { type: 'json' };
import twinPublication from './packs/cn-twin-publication.json' with { type: 'json' };

const closed = { additionalProperties: false };

const common = {
  /** The standard's column name; also the claim's name. */
  name: Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]{0,63}$' }),
  zh: Type.String(),
  /** `organisation`: wanted of all but sole traders. */
  required: Type.Union([Type.Literal('always'), Type.Literal('organisation'), Type.Literal('never')]),
  /** Older column names. */
  aliases: Type.Optional(Type.Array(Type.String())),
  /** About a person: kept in the personal vault, no claim of the record, never published. */
  personal: Type.Optional(Type.Boolean()),
  /** Not checked against the standard's own text. */
  unverified: Type.Optional(Type.Boolean()),
};

export const Field = Type.Union([
  Type.Object(
    {
      ...common,
      type: Type.Literal('text'),
      max: Type.Integer(),
      values: Type.Optional(Type.Array(Type.String())),
      /** Sentences, where others are names and numbers. */
      free: Type.Optional(Type.Boolean()),
      /** It is the name of whom this field has the code of. */
      nameOf: Type.Optional(Type.String()),
    },
    closed,
  ),
  Type.Object({ ...common, type: Type.Literal('uscc') }, closed),
  Type.Object(
    {
      ...common,
      type: Type.Literal('date'),
      /** Refused where it lies in the future. */
      past: Type.Optional(Type.Boolean()),
      /** The date that stands for 长期, without end. */
      openEnded: Type.Optional(Type.String()),
    },
    closed,
  ),
  Type.Object(
    {
      ...common,
      type: Type.Literal('decimal'),
      precision: Type.Integer(),
      scale: Type.Integer(),
      /** 元 or 万元. */
      unit: Type.Optional(Type.String()),
      /** From here on an amount is rare enough to be told, where the row's words do not say the same. No legal number. */
      suspectFrom: Type.Optional(Type.String()),
    },
    closed,
  ),
  Type.Object({ ...common, type: Type.Literal('integer'), values: Type.Optional(Type.Array(Type.String())) }, closed),
  /** Names of attachments (core/attachment.ts), divided by spaces: the files are sent apart. */
  Type.Object({ ...common, type: Type.Literal('attachments') }, closed),
]);
export type Field = Static<typeof Field>;

export const DisclosureClass = Type.Union([Type.Literal('public'), Type.Literal('shared'), Type.Literal('authorised')]);
export type DisclosureClass = Static<typeof DisclosureClass>;

const Item = Type.Object(
  {
    item: Type.String(),
    short: Type.String(),
    zh: Type.String(),
    en: Type.String(),
    class: DisclosureClass,
    /** Fields with a part of their own: whom it is about, of what kind that is, which document, since when, until when. */
    subject: Type.String(),
    category: Type.String(),
    /** Given of natural persons only: their id number. */
    naturalId: Type.Optional(Type.String()),
    document: Type.String(),
    /** A number of its own, by which the public looks it up. */
    code: Type.Optional(Type.String()),
    validFrom: Type.String(),
    validTo: Type.String(),
    fields: Type.Array(Field),
  },
  closed,
);

const Pack = Type.Object(
  {
    pack: Type.String(),
    edition: Type.String(),
    jurisdiction: Type.String(),
    title: Type.String(),
    citation: Type.String(),
    effectiveFrom: Type.String(),
    effectiveTo: Type.Union([Type.String(), Type.Null()]),
    note: Type.String(),
    items: Type.Array(Item),
  },
  closed,
);
export type Pack = Static<typeof Pack>;

/** An item of an edition, as a pack defines it. */
export interface CatalogueItem extends Static<typeof Item> {
  edition: string;
  /** Names of the record's claims, in the order of its commitment. */
  claims: readonly string[];
  /** The field with the name of whom it is about. */
  nameField: string | undefined;
}

/** Claims that every record has, before those of its item. */
export const RECORD_CLAIMS = ['agency', 'subject', 'class', 'validFrom', 'validTo'] as const;

export interface Catalogue {
  /** By its code (`administrative-licence`) or its short name (`xk`); throws `NOT_FOUND`. */
  item(code: string): CatalogueItem;
  items(): readonly CatalogueItem[];
  /** Claim names of an item in an edition; undefined where no pack knows it. */
  names(item: string, edition: string): readonly string[] | undefined;
}

/** Checks packs and indexes their items. Throws `MALFORMED` for a pack that contradicts itself. */
export function createCatalogue(packs: readonly unknown[]): Catalogue {
  const items = packs.map((pack) => packCodec.check(pack)).flatMap(itemsOf);
  const codes = items.flatMap((item) => [[item.item, item] as const, [item.short, item] as const]);
  const byCode = new Map(codes);
  if (byCode.size < codes.length) {
    const twice = codes.map(([code]) => code).find((code, i, all) => all.indexOf(code) !== i);
    throw new XinlianError('MALFORMED', { what: 'policy packs', wanted: 'each item once', got: String(twice) });
  }
  return {
    item: (code) => {
      const found = byCode.get(code);
      if (!found) throw new XinlianError('NOT_FOUND', { what: 'catalogue item', id: code });
      return found;
    },
    items: () => items,
    names: (code, edition) => items.find((item) => item.item === code && item.edition === edition)?.claims,
  };
}

const packCodec = codec('policy pack', Pack);

function itemsOf(pack: Pack): CatalogueItem[] {
  return pack.items.map((item) => {
    const what = `policy pack ${pack.pack}, ${item.item}`;
    const names = new Set(item.fields.map((field) => field.name));
    for (const part of ['subject', 'category', 'naturalId', 'document', 'code', 'validFrom', 'validTo'] as const) {
      const name = item[part];
      if (name !== undefined && !names.has(name))
        throw new XinlianError('MALFORMED', { what, wanted: `a field ${name} (${part})`, got: 'none' });
    }
    for (const field of item.fields) {
      const name = field.type === 'text' ? field.nameOf : undefined;
      if (name !== undefined && !names.has(name))
        throw new XinlianError('MALFORMED', { what, wanted: `a field ${name} (nameOf)`, got: 'none' });
    }
    const headings = item.fields.flatMap(({ name, zh, aliases = [] }) => [name, zh, ...aliases]);
    const twice = headings.find((heading, i) => headings.indexOf(heading) !== i);
    if (twice !== undefined) throw new XinlianError('MALFORMED', { what, wanted: 'each heading once', got: twice });
    const claims = [...RECORD_CLAIMS, ...item.fields.filter((field) => !field.personal).map((field) => field.name)];
    const named = item.fields.find((field) => field.type === 'text' && field.nameOf === item.subject);
    return { ...item, edition: pack.edition, claims, nameField: named?.name };
  });
}

/** The packs that come with the software, and those of the place. */
export const CATALOGUE_PACKS: readonly unknown[] = [
  twinPublication,
  financingData,
  sharedAdministration,
  basicCatalogue,
  ...localPacks('catalogue'),
];
export const builtInCatalogue: Catalogue = createCatalogue(CATALOGUE_PACKS);

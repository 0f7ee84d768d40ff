// What was decided of a source's headings, in a file beside its profile: the same headings are not asked about again.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Type, type Static } from 'typebox';
import { malformed } from '../../node/core/errors.ts';
import { codec, type Codec } from '../../node/core/messages/codec.ts';
import type { Catalogue, CatalogueItem } from '../../node/policy/pack.ts';
import { normalise } from '../workbook/headings.ts';
import { fingerprintOf, type HeadingMap, type Layout, type Layouts, type Proposal } from '../workbook/layout.ts';

const closed = { additionalProperties: false };
const Columns = Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]));

/** A map that its sender wrote or looked over: heading → field, null for a column that is not sent. */
const MapFile = Type.Object({ item: Type.String(), columns: Columns }, closed);
type MapFile = Static<typeof MapFile>;

const Remembered = Type.Object(
  {
    layouts: Type.Array(
      Type.Object({ item: Type.String(), headings: Type.Array(Type.String()), columns: Columns }, closed),
    ),
  },
  closed,
);
type Remembered = Static<typeof Remembered>;

const mapFile = codec('map of headings', MapFile);
const remembered = codec('remembered headings', Remembered);

export interface LayoutFileOptions {
  catalogue: Catalogue;
  /** Where decisions are remembered; undefined: nowhere. */
  store: string | undefined;
  /** File of --map. Where there is none of that name, what is proposed is written there. */
  map: string | undefined;
  /** Asks at the terminal; undefined where nobody is there. */
  prompt: ((question: string) => Promise<string>) | undefined;
}

export class LayoutFile implements Layouts {
  readonly #options: LayoutFileOptions;
  readonly #remembered: Remembered;
  readonly #map: MapFile | undefined;
  readonly #used: Layout[] = [];

  /** Throws `MALFORMED` for files that are none, `NOT_FOUND` for an item that is none. */
  constructor(options: LayoutFileOptions) {
    this.#options = options;
    const { store, map } = options;
    this.#remembered = read(store, remembered) ?? { layouts: [] };
    this.#map = read(map, mapFile);
    if (this.#map) checkMap(this.#map, options.catalogue.item(this.#map.item));
  }

  /** Of the decisions that were used: another reading of the same file is another submission. */
  digest(): string {
    return JSON.stringify(this.#used);
  }

  known(headings: readonly string[]): Layout | undefined {
    const given = this.#given(headings);
    const own = fingerprintOf(headings);
    const before = this.#remembered.layouts.find((layout) => fingerprintOf(layout.headings) === own);
    const layout = given ?? (before && { item: before.item, headings: before.columns });
    if (!layout) return undefined;
    if (given) this.#remember(given, headings);
    return this.#use(layout);
  }

  async ask(
    item: CatalogueItem,
    headings: readonly string[],
    proposals: readonly Proposal[],
    compulsory: boolean,
  ): Promise<HeadingMap | undefined> {
    const { prompt, map } = this.#options;
    if (map !== undefined && !this.#map) {
      const columns = Object.fromEntries(proposals.map(({ heading, field }) => [heading, field]));
      writeFileSync(map, `${JSON.stringify({ item: item.item, columns }, undefined, 2)}\n`);
      malformed(`--map ${map}`, 'a look at what is proposed there, and the same command again', 'a new file');
    }
    if (!prompt) {
      if (!compulsory) return undefined;
      const shown = proposals.map(({ heading, field, zh }) => `${heading} = ${field} ${zh}?`).join(', ');
      return malformed('columns', 'a decision on headings: --map FILE writes down what is proposed', shown);
    }
    const decided: Record<string, string | null> = {};
    for (const { heading, field, zh } of proposals) {
      const answer = await prompt(`${heading} = ${field} ${zh}? [Y/n] `);
      decided[heading] = /^(?:|y|yes|是)$/i.test(answer.trim()) ? field : null;
    }
    const layout = { item: item.item, headings: decided };
    this.#remember(layout, headings);
    return this.#use(layout).headings;
  }

  #given(headings: readonly string[]): Layout | undefined {
    if (!this.#map) return undefined;
    const { item, columns } = this.#map;
    const there = new Set(headings.map(normalise));
    if (!Object.keys(columns).some((heading) => there.has(normalise(heading)))) return undefined;
    return { item: this.#options.catalogue.item(item).item, headings: columns };
  }

  #use(layout: Layout): Layout {
    if (!this.#used.some((used) => JSON.stringify(used) === JSON.stringify(layout))) this.#used.push(layout);
    return layout;
  }

  #remember({ item, headings: columns }: Layout, headings: readonly string[]): void {
    const { store } = this.#options;
    if (store === undefined) return;
    const own = fingerprintOf(headings);
    const others = this.#remembered.layouts.filter((layout) => fingerprintOf(layout.headings) !== own);
    this.#remembered.layouts = [...others, { item, headings: [...headings], columns: { ...columns } }];
    const text = `${JSON.stringify(this.#remembered, undefined, 2)}\n`;
    writeFileSync(`${store}.new`, text);
    renameSync(`${store}.new`, store);
  }
}

function checkMap({ columns }: MapFile, item: CatalogueItem): void {
  for (const [heading, field] of Object.entries(columns)) {
    if (field === null || item.fields.some(({ name }) => name === field)) continue;
    malformed(`map of headings, ${heading}`, `a field of ${item.zh}, as ${item.document}, or null`, field);
  }
}

function read<T>(path: string | undefined, codec: Codec<T>): T | undefined {
  return path === undefined || !existsSync(path) ? undefined : codec.decode(readFileSync(path));
}

// Headings that are not those of the standard: what they may mean, and what was decided of them before.
import type { CatalogueItem, Field } from '../../node/policy/pack.ts';
import type { Header, HeaderFinder } from './header.ts';
import { columnOf, isTable, normalise, type Column } from './headings.ts';

/** Name of the field for each heading; null for one whose cells are not to be sent. */
export type HeadingMap = Readonly<Record<string, string | null>>;

export interface Layout {
  /** Code of the item. */
  item: string;
  headings: HeadingMap;
}

export interface Proposal {
  heading: string;
  /** Of the column, from 0. */
  column: number;
  field: string;
  zh: string;
}

/** What was decided, and who decides. */
export interface Layouts {
  /** What was confirmed before for such headings. */
  known(headings: readonly string[]): Layout | undefined;
  /**
   * Asks about headings that are not those of the standard.
   * @param compulsory whether without an answer the table cannot be read
   * @returns what was decided; undefined where nobody can be asked
   */
  ask(
    item: CatalogueItem,
    headings: readonly string[],
    proposals: readonly Proposal[],
    compulsory: boolean,
  ): Promise<HeadingMap | undefined>;
}

/** Nothing is known, and nobody is there to ask. */
export const NO_LAYOUTS: Layouts = { known: () => undefined, ask: async () => undefined };

/** The same for the same headings in the same order, however they are spaced. */
export function fingerprintOf(headings: readonly string[]): string {
  return headings.map(normalise).join('|').replace(/\|+$/, '');
}

/** Columns of headings by what was decided; what was not decided is read as ever. */
export function columnsBy(headings: readonly string[], map: HeadingMap, item: CatalogueItem): (Column | undefined)[] {
  const decided = new Map(Object.entries(map).map(([heading, field]) => [normalise(heading), field]));
  return headings.map((heading) => {
    const field = decided.get(normalise(heading));
    if (field === undefined) return columnOf(heading, item);
    return field === null ? undefined : { field };
  });
}

/** Shares of pairs of characters that two headings have in common (Dice), from which one may mean the other. */
const LIKELY = 0.5;

/** For each heading of no field, the field without a column that it is most like. */
export function propose(
  headings: readonly string[],
  columns: readonly (Column | undefined)[],
  item: CatalogueItem,
): Proposal[] {
  const taken = new Set(columns.map((column) => column?.field));
  const free = item.fields.filter(({ name }) => !taken.has(name));
  const pairs = headings.flatMap((heading, column) => {
    if (heading === '' || columns[column]) return [];
    return free.map((field) => ({ heading, column, field, likeness: likeness(heading, field) }));
  });
  const proposals: Proposal[] = [];
  for (const { heading, column, field, likeness } of pairs.toSorted((a, b) => b.likeness - a.likeness)) {
    if (likeness < LIKELY) break;
    if (proposals.some((other) => other.column === column || other.field === field.name)) continue;
    proposals.push({ heading, column, field: field.name, zh: field.zh });
  }
  return proposals.toSorted((a, b) => a.column - b.column);
}

function likeness(heading: string, { name, zh, aliases = [] }: Field): number {
  const own = pairsOf(normalise(heading));
  return Math.max(
    ...[name, zh, ...aliases].map((other) => {
      const theirs = pairsOf(normalise(other));
      const common = [...own].filter((pair) => theirs.has(pair)).length;
      return (2 * common) / (own.size + theirs.size || 1);
    }),
  );
}

function pairsOf(text: string): Set<string> {
  const characters = [...text.replaceAll(/[()_\d]/g, '')];
  return new Set(characters.slice(1).map((character, i) => `${characters[i]}${character}`));
}

/** Headings of which so many are known or likely are those of a table. */
const ENOUGH = 5;

/**
 * The item whose headings these may be, where too few are those of the standard. At least half of them, and those
 * of subject and document, must be known or likely.
 */
export function likelyHeader(headings: readonly string[], { catalogue, wanted }: HeaderFinder): Header | undefined {
  const named = headings.filter((heading) => heading !== '').length;
  if (named < ENOUGH) return undefined;
  const likely = (wanted ? [wanted] : catalogue.items()).flatMap((item) => {
    const columns = headings.map((heading) => columnOf(heading, item));
    const guessed = [...columns];
    for (const { column, field } of propose(headings, columns, item)) guessed[column] = { field };
    const count = guessed.filter((column) => column !== undefined).length;
    if (!isTable(guessed, item) || count < ENOUGH || 2 * count < named) return [];
    return [{ item, headings: [...headings], columns, rows: 1, count }];
  });
  const [best, second] = likely.toSorted((a, b) => b.count - a.count);
  return best && best.count !== second?.count ? best : undefined;
}

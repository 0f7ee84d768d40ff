// Where a table begins: one heading row, or two of which the upper one groups the lower.
import type { Catalogue, CatalogueItem } from '../../node/policy/pack.ts';
import { columnOf, isTable, type Column } from './headings.ts';
import type { SheetRow } from './sheet.ts';

export interface Header {
  item: CatalogueItem;
  headings: string[];
  columns: (Column | undefined)[];
  /** How many rows it takes: 1 or 2. */
  rows: number;
}

/** Finds headings of an item. @param wanted the only item that is looked for */
export interface HeaderFinder {
  catalogue: Catalogue;
  wanted: CatalogueItem | undefined;
}

/** The header that `row` begins, with `next` below it. */
export function headerAt(row: SheetRow, next: SheetRow | undefined, finder: HeaderFinder): Header | undefined {
  const single = fit(headingsOf(row), finder);
  if (!next || !readsAsHeading(next)) return single;
  const below = fit(headingsOf(next), finder);
  const pair = fit(pairsOf(row, next), finder);
  const most = Math.max(countOf(single), countOf(below));
  return pair && countOf(pair) > most ? { ...pair, rows: 2 } : single;
}

function countOf(header: Header | undefined): number {
  return header?.columns.filter((column) => column !== undefined).length ?? 0;
}

/** Codes, dates and amounts have digits; headings have few. */
function readsAsHeading({ cells }: SheetRow): boolean {
  const texts = cells.flatMap((cell) => (cell ? [cell.text] : []));
  return texts.filter((text) => /\d{4}/.test(text)).length * 4 <= texts.length;
}

export function headingsOf({ cells }: SheetRow): string[] {
  return Array.from(cells, (cell) => cell?.text.trim() ?? '');
}

/** What may stand for each column: group and heading together, the heading alone, a group that reaches down. */
function pairsOf(upper: SheetRow, lower: SheetRow): string[][] {
  const width = Math.max(upper.cells.length, lower.cells.length);
  let group = '';
  return Array.from({ length: width }, (_, i) => {
    const above = upper.cells[i]?.text.trim() ?? '';
    const below = lower.cells[i]?.text.trim() ?? '';
    if (below === '') return (group = above) === '' ? [] : [above];
    if (above !== '') group = above;
    return group === '' ? [below] : [`${group}${below}`, below];
  });
}

function fit(headings: readonly (string | string[])[], { catalogue, wanted }: HeaderFinder): Header | undefined {
  const fits = (wanted ? [wanted] : catalogue.items()).flatMap((item) => {
    const chosen = headings.map((heading) => choose(heading, item));
    const columns = chosen.map(({ column }) => column);
    return isTable(columns, item) ? [{ item, headings: chosen.map(({ heading }) => heading), columns, rows: 1 }] : [];
  });
  const [best, second] = fits.toSorted((a, b) => countOf(b) - countOf(a));
  return best && countOf(best) !== countOf(second) ? best : undefined;
}

function choose(heading: string | string[], item: CatalogueItem): { heading: string; column: Column | undefined } {
  const forms = typeof heading === 'string' ? [heading] : heading;
  for (const form of forms) {
    const column = form === '' ? undefined : columnOf(form, item);
    if (column) return { heading: form, column };
  }
  return { heading: forms.at(-1) ?? '', column: undefined };
}

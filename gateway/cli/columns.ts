// Which column of a file is which field of the catalogue, and which item its rows are of.
import { malformed } from '../../node/core/errors.ts';
import type { Catalogue, CatalogueItem } from '../../node/policy/pack.ts';

/** How headings are compared: clerks write （万元） and (万元), xk_wsh and XK_WSH. */
function normalise(heading: string): string {
  return heading.normalize('NFKC').replaceAll(/\s/g, '').toUpperCase();
}

/** Field names of an item by every heading that stands for them. */
function headingsOf(item: CatalogueItem): Map<string, string> {
  return new Map(
    item.fields.flatMap(({ name, zh, aliases = [] }) =>
      [name, zh, ...aliases].map((heading) => [normalise(heading), name] as const),
    ),
  );
}

/**
 * The item that most of the headings fit.
 * @param wanted its code, where it is given
 * @throws NOT_FOUND for a code that is none; MALFORMED where no item fits, or two do
 */
export function detectItem(headings: readonly string[], catalogue: Catalogue, wanted?: string): CatalogueItem {
  if (wanted !== undefined) return catalogue.item(wanted);
  const fits = catalogue
    .items()
    .map((item) => ({ item, known: columnsOf(headings, item).filter((name) => name !== undefined) }))
    .filter(({ item, known }) => known.includes(item.document) && known.includes(item.subject))
    .sort((a, b) => b.known.length - a.known.length);
  const [best, second] = fits;
  if (best && best.known.length !== second?.known.length) return best.item;
  const items = catalogue.items().map(({ short, zh, document }) => `${zh} (--item ${short}: ${document} …)`);
  return malformed('columns', `those of ${items.join(' or ')}`, headings.slice(0, 8).join(', '));
}

/** The field name of each heading; undefined for a column that is no field. */
export function columnsOf(headings: readonly string[], item: CatalogueItem): (string | undefined)[] {
  const known = headingsOf(item);
  return headings.map((heading) => known.get(normalise(heading)));
}

/** Throws `MALFORMED` where a column is missing without which every row would be rejected. */
export function checkColumns(columns: readonly (string | undefined)[], item: CatalogueItem): void {
  const missing = item.fields.filter(({ name, required }) => required === 'always' && !columns.includes(name));
  if (missing.length === 0) return;
  const names = missing.map(({ name, zh }) => `${name} ${zh}`).join(', ');
  malformed(`header of ${item.zh}`, `the columns ${names}`, 'none of that name');
}

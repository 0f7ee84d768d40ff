// Which heading stands for which field of the catalogue, and what an unknown one may mean.
import type { Catalogue, CatalogueItem, Field } from '../../node/policy/pack.ts';
import { malformed } from '../../node/core/errors.ts';

/** How a heading stands for a field. */
export interface Column {
  field: string;
  /** Unit that the heading names beside what the standard calls the column: 元 above amounts in 万元. */
  unit?: string;
}

/** What a clerk adds to a heading in brackets, which does not change what it means. */
const HINT =
  /^(?:万元|元|必填|必填项|选填|非必填|文本|日期|日期格式|数字|下拉选择|单选|可空|可为空|字符|如有|y{2,4}.*|\d.*|例.*|格式.*|单位.*)$/i;
const UNIT = /^(?:单位[::]?)?(万元|元)$/;

/** How headings are compared: clerks write （万元） and (万元), xk_wsh and XK_WSH, * before what is compulsory. */
export function normalise(heading: string): string {
  return heading
    .normalize('NFKC')
    .replaceAll(/[\s\u200b-\u200f\u2060\ufeff\u00ad]/g, '')
    .replace(/^(?:[*★☆●#]|\d{1,2}[.、])+/, '')
    .replace(/[*★:：]+$/, '')
    .toUpperCase();
}

/** Without what stands in brackets at its end, and that. */
function splitBracket(normal: string): { outside: string; inside: string } {
  const match = /^(.+?)[([【〔]([^()[\]【】〔〕]*)[)\]】〕]$/.exec(normal);
  return { outside: match?.[1] ?? normal, inside: match?.[2] ?? '' };
}

function bare(normal: string): string {
  return normal.replaceAll(/[()[\]【】〔〕_\-/、,，]/g, '');
}

const known = new WeakMap<CatalogueItem, { exact: Map<string, Field>; bare: Map<string, Field> }>();

/** Fields of an item by every heading that stands for them. */
function headingsOf(item: CatalogueItem): { exact: Map<string, Field>; bare: Map<string, Field> } {
  let found = known.get(item);
  if (!found) {
    found = { exact: new Map(), bare: new Map() };
    for (const field of item.fields) {
      for (const heading of [field.name, field.zh, ...(field.aliases ?? [])]) {
        const normal = normalise(heading);
        found.exact.set(normal, field);
        for (const form of [bare(normal), splitBracket(normal).outside]) {
          if (!found.bare.has(form)) found.bare.set(form, field);
        }
      }
    }
    known.set(item, found);
  }
  return found;
}

/** The column of a heading; undefined where it is that of no field. */
export function columnOf(heading: string, item: CatalogueItem): Column | undefined {
  const { exact, bare: byBare } = headingsOf(item);
  let normal = normalise(heading);
  for (;;) {
    const field = exact.get(normal) ?? byBare.get(bare(normal));
    if (field) return { field: field.name };
    const { outside, inside } = splitBracket(normal);
    if (inside === '' || !HINT.test(inside)) return undefined;
    const unit = UNIT.exec(inside)?.[1];
    const plain = exact.get(outside) ?? byBare.get(outside) ?? byBare.get(bare(outside));
    if (plain) return { field: plain.name, ...(unit !== undefined && { unit }) };
    normal = outside;
  }
}

/** The field name of each heading; undefined for a column that is no field. */
export function columnsOf(headings: readonly string[], item: CatalogueItem): (Column | undefined)[] {
  return headings.map((heading) => columnOf(heading, item));
}

/** Whether rows can be told apart under such columns: whom they are about, by which document. */
export function isTable(columns: readonly (Column | undefined)[], item: CatalogueItem): boolean {
  const has = (name: string): boolean => columns.some((column) => column?.field === name);
  return has(item.document) && has(item.subject);
}

/**
 * The item that most of the headings fit.
 * @param wanted its code, where it is given
 * @throws NOT_FOUND for a code that is none; MALFORMED where no item fits, or two do
 */
export function detectItem(headings: readonly string[], catalogue: Catalogue, wanted?: string): CatalogueItem {
  if (wanted !== undefined) return catalogue.item(wanted);
  return fittingItem(headings, catalogue) ?? noItem(headings, catalogue);
}

/** The item that most of the headings fit; undefined where none does, or two do. */
export function fittingItem(headings: readonly string[], catalogue: Catalogue): CatalogueItem | undefined {
  const fits = catalogue
    .items()
    .map((item) => ({ item, columns: columnsOf(headings, item) }))
    .filter(({ item, columns }) => isTable(columns, item))
    .map(({ item, columns }) => ({ item, count: columns.filter((column) => column !== undefined).length }))
    .sort((a, b) => b.count - a.count);
  const [best, second] = fits;
  return best && best.count !== second?.count ? best.item : undefined;
}

export function noItem(headings: readonly string[], catalogue: Catalogue): never {
  const items = catalogue.items().map(({ short, zh, document }) => `${zh} (--item ${short}: ${document} …)`);
  return malformed('columns', `those of ${items.join(' or ')}`, headings.slice(0, 8).join(', '));
}

/** Columns without which every row would be rejected, and which are not there. */
export function missingFields(columns: readonly (Column | undefined)[], item: CatalogueItem): Field[] {
  const there = new Set(columns.map((column) => column?.field));
  return item.fields.filter(({ name, required }) => required === 'always' && !there.has(name));
}

/** Throws `MALFORMED` where a column is missing without which every row would be rejected. */
export function checkColumns(columns: readonly (Column | undefined)[], item: CatalogueItem): void {
  const missing = missingFields(columns, item);
  if (missing.length === 0) return;
  const names = missing.map(({ name, zh }) => `${name} ${zh}`).join(', ');
  malformed(`header of ${item.zh}`, `the columns ${names}`, 'none of that name');
}

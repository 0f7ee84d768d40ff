// One code under two names, within a file: one of the two is likely wrong.
import type { RowFault } from '../../node/core/messages/publish.ts';
import type { CatalogueItem } from '../../node/policy/pack.ts';

/** Codes that are held; later ones are not compared. */
const MOST_CODES = 100_000;

export class NameBook {
  readonly #names = new Map<string, { name: string; line: number }>();
  readonly #pairs = new Map<CatalogueItem, { name: string; code: string; zh: string }[]>();

  /** A warning for each name that is not the one the code had first. */
  check(item: CatalogueItem, row: Readonly<Record<string, string>>, line: number): RowFault[] {
    return this.#pairsOf(item).flatMap(({ name, code, zh }): RowFault[] => {
      const [said, of] = [row[name], row[code]];
      if (said === undefined || of === undefined) return [];
      const key = plain(of).toUpperCase();
      const known = this.#names.get(key);
      if (!known) {
        if (this.#names.size < MOST_CODES) this.#names.set(alone(key), { name: alone(said), line });
        return [];
      }
      if (plain(known.name) === plain(said)) return [];
      const wanted = `${zh}: ${known.name}, as line ${known.line} has it for ${key}`;
      return [{ field: name, code: 'name', wanted, got: said.slice(0, 80) }];
    });
  }

  #pairsOf(item: CatalogueItem): { name: string; code: string; zh: string }[] {
    let pairs = this.#pairs.get(item);
    if (!pairs) {
      pairs = item.fields.flatMap((field) =>
        field.type === 'text' && field.nameOf !== undefined
          ? [{ name: field.name, code: field.nameOf, zh: field.zh }]
          : [],
      );
      this.#pairs.set(item, pairs);
    }
    return pairs;
  }
}

/** A copy: what is cut out of a text keeps all of that text in memory. */
function alone(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}

/** However it is spaced, and however wide its brackets are. */
function plain(text: string): string {
  return text.normalize('NFKC').replaceAll(/[\s\u200b-\u200f\u2060\ufeff]/g, '');
}

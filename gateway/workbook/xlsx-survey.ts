// A look through a sheet before it is read: whether all of it is there, and its merged cells, which stand behind its rows.
import type { Package, Part } from './package.ts';
import { parseRange, type Merge } from './sheet.ts';

/** What stands behind the rows: conditional formats, merges, comments' places. */
const MAX_TAIL = 16 * 1024 * 1024;
const END_OF_ROWS = /<\/(?:[\w.-]+:)?sheetData\s*>/;
/** Longest that the end tag can be, less one. */
const OVERLAP = 64;
const MOST_MERGES = 200_000;

/** Throws as `Package.text`. */
export async function surveySheet(source: Package, part: Part): Promise<Merge[]> {
  let seen = '';
  let tail: string | undefined;
  for await (const piece of source.text(part, true)) {
    if (tail !== undefined) {
      if (tail.length < MAX_TAIL) tail += piece;
      continue;
    }
    const text = seen + piece;
    const end = text.includes('sheetData') ? END_OF_ROWS.exec(text) : null;
    if (end) tail = text.slice(end.index);
    else seen = text.slice(-OVERLAP);
  }
  const merges: Merge[] = [];
  for (const [, range = ''] of (tail ?? '').matchAll(/<(?:[\w.-]+:)?mergeCell\s[^>]*?\bref="([^"]*)"/g)) {
    const merge = parseRange(range);
    if (merge && merges.length < MOST_MERGES) merges.push(merge);
  }
  return merges;
}

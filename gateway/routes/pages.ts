// Cursor pages over lists that are sorted by a text that is theirs for good, so that no page repeats or leaves out.
import { malformed } from '../../node/core/errors.ts';
import { DEFAULT_PAGE } from '../api/limits.ts';

export function pageOf<T>(
  items: Iterable<T>,
  keyOf: (item: T) => string,
  { limit = DEFAULT_PAGE, cursor }: { limit?: number; cursor?: string },
): { items: T[]; next?: string } {
  const after = cursor === undefined ? '' : parseCursor(cursor);
  const rest = [...items].filter((item) => keyOf(item) > after).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return { items: page, ...(last && rest.length > limit && { next: Buffer.from(keyOf(last)).toString('base64url') }) };
}

function parseCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url');
  if (text.toString('base64url') !== cursor) malformed('cursor', '`next` of the page before', cursor);
  return text.toString();
}

/** Every item of a list that comes in pages. */
export async function* itemsOf<T>(
  page: (cursor: string | undefined) => Promise<{ items: T[]; next?: string }>,
): AsyncGenerator<T, void, void> {
  let cursor: string | undefined;
  do {
    const { items, next } = await page(cursor);
    yield* items;
    cursor = next;
  } while (cursor !== undefined);
}

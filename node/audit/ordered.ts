// Work ahead, in order: some tasks run at a time, and their results come in the order of the tasks.

/**
 * @param ahead tasks that run at a time, at least 1
 * Where a task fails, the iteration throws when its turn comes; what was begun behind it is left to end by itself.
 */
export async function* ordered<T, R>(
  items: Iterable<T>,
  ahead: number,
  task: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  for (const item of items) {
    const begun = task(item);
    // A failure is told in its turn: until then nobody waits for it.
    begun.catch(() => {});
    running.push(begun);
    if (running.length >= ahead) yield (await running.shift()) as R;
  }
  for (const last of running) yield await last;
}

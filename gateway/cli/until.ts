import { setTimeout as delay } from 'node:timers/promises';

/** Asks until the answer is `enough`, or the time is over. @returns the last answer */
export async function until<T>(
  ask: () => Promise<T>,
  enough: (answer: T) => boolean,
  { withinMs, everyMs, signal }: { withinMs: number; everyMs: number; signal: AbortSignal },
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (enough(answer) || performance.now() + everyMs > deadline) return answer;
    await delay(everyMs, undefined, { signal });
  }
}

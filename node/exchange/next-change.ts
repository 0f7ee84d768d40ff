// Waiting for the chain's view to change.
import type { GrantView } from './ports.ts';

/** Resolves at the next change of the view, or when the time is over. @throws the signal's reason */
export function nextChange(view: Pick<GrantView, 'subscribe'>, withinMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener('abort', abandon);
    };
    const go = (): void => {
      end();
      resolve();
    };
    const abandon = (): void => {
      end();
      reject(signal.reason as Error);
    };
    const timer = setTimeout(go, withinMs);
    const unsubscribe = view.subscribe(go);
    if (signal.aborted) abandon();
    else signal.addEventListener('abort', abandon);
  });
}

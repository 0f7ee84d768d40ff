import { malformed } from '../../node/core/errors.ts';
import type { Terminal } from './terminal.ts';

/** Whether the person at the terminal says yes. Throws `MALFORMED` where there is none to ask. */
export async function agreed(question: string, { prompt }: Terminal): Promise<boolean> {
  if (!prompt) return malformed('agreement', '--yes, or a terminal to ask at', 'none');
  return /^(y|yes|是)$/i.test((await prompt(question)).trim());
}

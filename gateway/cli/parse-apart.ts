// Reading what can only be read whole on a thread that is ended where it takes too much memory or time.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { XinlianError } from '../../node/core/errors.ts';
import type { WholeParser } from '../workbook/whole.ts';
import type { WholeAnswer } from './whole-worker.ts';

export interface ApartLimits {
  memoryMb: number;
  seconds: number;
}

/** What the largest workbook that is taken needs, and some more. */
const LIMITS: ApartLimits = { memoryMb: 2_048, seconds: 300 };

/** Throws `MALFORMED`, and what starting a thread throws. */
export function parseApart(limits: ApartLimits = LIMITS): WholeParser {
  return async (request) => {
    const worker = new Worker(new URL('whole-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: limits.memoryMb },
      // The library tells what it thinks of a file there.
      stdout: true,
      stderr: true,
    });
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), limits.seconds * 1000);
    try {
      worker.postMessage(request);
      const [answer] = (await once(worker, 'message', { signal: timeout.signal })) as [WholeAnswer];
      if ('workbook' in answer) return answer.workbook;
      throw new XinlianError('MALFORMED', answer.malformed);
    } catch (error) {
      if (XinlianError.is(error)) throw error;
      const got = timeout.signal.aborted ? `nothing within ${limits.seconds} s` : String(error);
      const details = { what: 'workbook', wanted: 'a whole file: it is damaged (or save it as .xlsx)', got };
      throw new XinlianError('MALFORMED', details, { cause: error });
    } finally {
      clearTimeout(timer);
      await worker.terminate();
    }
  };
}

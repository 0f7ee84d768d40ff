// Logs in the layout of C2SP tlog-tiles, read over HTTP or from a directory. Nothing that comes is believed here.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { XinlianError } from './core/errors.ts';
import type { LogId, MemberId } from './core/ids.ts';

const ATTEMPTS = 4;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;
const TIMEOUT_MS = 30_000;

/** See `LogSource` in the audit's ports. */
interface Source {
  readonly name: string;
  read(path: string, most: number, signal?: AbortSignal): Promise<Uint8Array | undefined>;
}

/** Logs at the addresses that their owners name on the chain. */
export function endpointSources(fetch: typeof globalThis.fetch): {
  of: (log: LogId, endpoint: string | undefined) => Source | undefined;
} {
  return {
    of: (log, endpoint) =>
      endpoint === undefined ? undefined : httpSource(`${endpoint.replace(/\/+$/, '')}/${log}`, fetch),
  };
}

/** Logs at one address each. @param template `{log}` stands for the log's id */
export function templateSources(template: string, fetch: typeof globalThis.fetch): { of: (log: LogId) => Source } {
  return { of: (log) => httpSource(template.replaceAll('{log}', log).replace(/\/+$/, ''), fetch) };
}

/** What members saw as witnesses, at the addresses that they name on the chain. */
export function witnessSources(fetch: typeof globalThis.fetch): {
  of: (log: LogId, member: MemberId, endpoint: string) => Source;
} {
  return {
    of: (log, member, endpoint) => httpSource(`${endpoint.replace(/\/+$/, '')}/witness/${member}/${log}`, fetch),
  };
}

/** Logs in a directory each, named by their ids. */
export function directorySources(directory: string): { of: (log: LogId) => Source } {
  return { of: (log) => directorySource(join(directory, log)) };
}

/** One log in a directory. */
export function directorySource(directory: string): Source {
  return {
    name: directory,
    async read(path, most) {
      let file;
      try {
        file = await open(join(directory, path));
        const { size } = await file.stat();
        if (size > most) throw new XinlianError('TOO_LARGE', { what: path, limit: most, got: size });
        return await file.readFile();
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
        if (XinlianError.is(error)) throw error;
        throw new XinlianError('UNREACHABLE', { peer: directory, reason: String(error) }, { cause: error });
      } finally {
        await file?.close();
      }
    },
  };
}

/** One log under an address. What fails for a moment is tried again. */
export function httpSource(base: string, fetch: typeof globalThis.fetch): Source {
  return {
    name: base,
    async read(path, most, signal) {
      for (let attempt = 1; ; attempt++) {
        const answer = await get(fetch, `${base}/${path}`, most, signal);
        if (!('retry' in answer)) return answer.bytes;
        if (attempt === ATTEMPTS) throw new XinlianError('UNREACHABLE', { peer: base, reason: answer.retry });
        const wait = Math.max(FIRST_WAIT_MS * 2 ** attempt, answer.afterMs);
        try {
          await delay(Math.min(LONGEST_WAIT_MS, wait), undefined, signal && { signal });
        } catch (error) {
          throw new XinlianError('CANCELLED', { what: base }, { cause: error });
        }
      }
    },
  };
}

type Answer = { bytes: Uint8Array | undefined } | { retry: string; afterMs: number };

async function get(
  fetch: typeof globalThis.fetch,
  url: string,
  most: number,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  try {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    if (response.ok) return { bytes: await bounded(response, most) };
    await response.body?.cancel();
    const { status } = response;
    if (status === 404 || status === 410) return { bytes: undefined };
    const reason = `HTTP ${status} for ${url}`;
    if (status < 500 && status !== 429) throw new XinlianError('UNREACHABLE', { peer: url, reason });
    return { retry: reason, afterMs: 1_000 * (Number(response.headers.get('retry-after')) || 0) };
  } catch (error) {
    if (signal?.aborted) throw new XinlianError('CANCELLED', { what: url }, { cause: error });
    if (XinlianError.is(error)) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { retry: cause instanceof Error ? cause.message || cause.name : String(cause), afterMs: 0 };
  }
}

/** A body that has no end must not fill the memory. */
async function bounded(response: Response, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let got = 0;
  for await (const part of response.body ?? []) {
    got += part.length;
    if (got > most) throw new XinlianError('TOO_LARGE', { what: response.url, limit: most, got });
    parts.push(part);
  }
  return Buffer.concat(parts);
}

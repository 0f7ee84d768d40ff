// What proves a finding, kept as it was served: the checkpoint shown, the hashes and entries that it was tried against, and
// the checkpoint that the chain has.
import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Anchor } from './audit/chain-fold.ts';
import { findingText } from './audit/findings.ts';
import type { LogSource, LogSources } from './audit/ports.ts';
import type { Finding } from './audit/rule.ts';
import { toBase64 } from './core/bytes.ts';
import type { LogId } from './core/ids.ts';

/** Bytes of files that are held for a round, of all sources together. */
const MOST_BYTES = 32 * 1024 * 1024;

interface Served {
  source: string;
  path: string;
  bytes: Uint8Array;
}

export class AuditEvidence {
  readonly #folder: string;
  readonly #anchorsOf: (log: LogId) => readonly Anchor[];
  /** Files as they were served in this round, oldest first. */
  readonly #served = new Map<string, Served>();
  #bytes = 0;

  /** @param anchorsOf every anchor of a log, in order, as the audit knows them */
  constructor(folder: string, anchorsOf: (log: LogId) => readonly Anchor[]) {
    this.#folder = folder;
    this.#anchorsOf = anchorsOf;
  }

  /** A new round: what the last one was served is forgotten. */
  begin(): void {
    this.#served.clear();
    this.#bytes = 0;
  }

  /** Sources that are listened to. */
  watch(sources: LogSources): LogSources {
    return {
      of: (log, endpoint) => {
        const source = sources.of(log, endpoint);
        return source && this.#listen(source);
      },
    };
  }

  #listen(source: LogSource): LogSource {
    const { name } = source;
    return {
      name,
      read: async (path, most, signal) => {
        const bytes = await source.read(path, most, signal);
        if (bytes) this.#hold(name, path, bytes);
        return bytes;
      },
    };
  }

  #hold(source: string, path: string, bytes: Uint8Array): void {
    const key = `${source} ${path}`;
    this.#bytes += bytes.length - (this.#served.get(key)?.bytes.length ?? 0);
    this.#served.delete(key);
    this.#served.set(key, { source, path, bytes });
    for (const [other, { path, bytes }] of this.#served) {
      if (this.#bytes <= MOST_BYTES) return;
      // A checkpoint is what all the rest is tried against: it stays.
      if (path === 'checkpoint') continue;
      this.#served.delete(other);
      this.#bytes -= bytes.length;
    }
  }

  /**
   * Writes what proves a finding, whole or not at all.
   * @returns the file's name; undefined for what the chain and the logs prove to anyone at any time
   */
  async keep(finding: Finding): Promise<string | undefined> {
    if (finding.evidence !== 'source') return undefined;
    const { log, source = '' } = finding;
    const names = new Set(source.split(', '));
    const kept = {
      finding,
      // Both checkpoints: those that were shown are among the files, and these are what the chain has.
      anchors: (log === undefined ? [] : this.#anchorsOf(log).slice(-2)).map(anchorText),
      served: Array.from(this.#served.values()).flatMap((file) =>
        names.has(file.source) ? { source: file.source, path: file.path, bytes: toBase64(file.bytes) } : [],
      ),
    };
    const digest = createHash('sha256').update(findingText(finding)).digest('hex');
    const name = `${finding.rule}-${digest.slice(0, 16)}.json`;
    await mkdir(this.#folder, { recursive: true });
    await writeFile(join(this.#folder, `${name}.tmp`), JSON.stringify(kept), { flush: true });
    await rename(join(this.#folder, `${name}.tmp`), join(this.#folder, name));
    return name;
  }
}

function anchorText({ size, root, block, time }: Anchor): object {
  return { size, root: toBase64(root), block, time };
}

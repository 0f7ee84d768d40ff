// Audits one log as one source serves it: its checkpoint, its hashes, its entries, against every anchor of it.
import { equalBytes } from '../core/bytes.ts';
import { leafHash } from '../core/merkle.ts';
import { TILE_WIDTH } from '../core/tiles.ts';
import type { Anchor } from './chain-fold.ts';
import { LogFold, type LogFoldState } from './log-fold.ts';
import type { LogSubject } from './log-subject.ts';
import { ordered } from './ordered.ts';
import type { LogSource } from './ports.ts';
import { ProvenTree } from './proven-tree.ts';
import { judge, type Finding, type Place, type Rule } from './rule.ts';
import type { EntryFacts } from './rules/entries.ts';
import { bundleRules, hashesOf, treeRules } from './rules/served.ts';
import type { ServedFiles } from './served-files.ts';
import { ServedNote, type ShownNote } from './served-note.ts';

/** Bundles of a log with faults after which no more are looked for. */
const MOST_FAULTS = 1_000;

export interface LogAuditOptions {
  rules: readonly Rule<EntryFacts>[];
  /** Files read at a time. */
  concurrency: number;
  found: (findings: Finding[]) => void;
  /** Told how many entries more were gone through. */
  progress: (entries: number) => void;
  signal?: AbortSignal | undefined;
}

export interface LogView {
  /** What keeps the audit of this log from being complete, in words; undefined where nothing does. */
  reason: string | undefined;
  /** The checkpoint that was shown. */
  shown?: ShownNote | undefined;
}

/**
 * Goes on with a log where `state` is, and as far as its anchors and the source allow.
 * @throws UNREACHABLE, CANCELLED
 */
export async function auditLog(
  subject: LogSubject,
  state: LogFoldState,
  source: LogSource,
  options: LogAuditOptions,
): Promise<LogView> {
  const note = await ServedNote.fetch(subject, source, options.signal);
  if (!note) return { reason: 'no checkpoint of this log there' };
  const { files } = note;
  const place = { ...subject.place, source: source.name };
  const tree = await provenTree(subject, state.frontier.size, files, { ...options, place });
  if (tree) await new EntryWalk(subject, state, { tree, files }, { ...options, place }).run();
  options.found(await note.judge(tree));
  return viewOf(note);
}

/** As `auditLog`, of its checkpoint alone: for sources beside the one that the log is read from. */
export async function auditView(
  subject: LogSubject,
  source: LogSource,
  { found, signal }: Pick<LogAuditOptions, 'found' | 'signal'>,
): Promise<LogView> {
  const note = await ServedNote.fetch(subject, source, signal);
  if (!note) return { reason: 'no checkpoint of this log there' };
  found(await note.judge(undefined));
  return viewOf(note);
}

function viewOf({ later, shown }: ServedNote): LogView {
  const reason = 'its checkpoint is by a key that the last block does not know yet: audit to a later one';
  return { reason: later ? reason : undefined, shown };
}

/** The tree at the last anchor that the served hashes give. Undefined where nothing is left to go through. */
async function provenTree(
  { anchors }: LogSubject,
  done: number,
  files: ServedFiles,
  { found, place }: Pick<LogAuditOptions, 'found'> & { place: Place },
): Promise<ProvenTree | undefined> {
  // What the source says that it has not got is told by the rules of its checkpoint.
  const ahead = anchors.filter(({ size }) => size > done && size <= files.size);
  const needs = { files, found, place };
  const last = ahead.at(-1);
  if (!last) return undefined;
  const whole = await ProvenTree.open(needs, last.size, last.root);
  if (whole instanceof ProvenTree) return whole;
  // Each anchored tree extends the one before it: what the served hashes give, they give up to some anchor.
  let [low, high] = [0, ahead.length - 1];
  let best: ProvenTree | undefined;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const anchor = ahead[middle] as Anchor;
    const tree = await ProvenTree.open(needs, anchor.size, anchor.root);
    if (tree instanceof ProvenTree) {
      best = tree;
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const facts = { proven: best?.size ?? done, broken: ahead[low]?.size, missing: whole === 'missing' };
  found(judge(treeRules, facts, place));
  return best;
}

/** Goes through the bundles of a proven tree, and hands what is proven to the fold. */
class EntryWalk {
  readonly #fold: LogFold;
  readonly #tree: ProvenTree;
  readonly #files: ServedFiles;
  readonly #options: LogAuditOptions & { place: Place };
  /** Whether an entry before is not proven: the fold cannot go on without it. */
  #halted = false;
  /** Bundles that are not as they should be. */
  #faults = 0;

  constructor(
    { anchors, place }: LogSubject,
    state: LogFoldState,
    { tree, files }: { tree: ProvenTree; files: ServedFiles },
    options: LogAuditOptions & { place: Place },
  ) {
    this.#fold = new LogFold(state, { rules: options.rules, anchors, place });
    this.#tree = tree;
    this.#files = files;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { size } = this.#tree;
    const first = Math.floor(this.#fold.size / TILE_WIDTH);
    const fetched = ordered(range(first, Math.ceil(size / TILE_WIDTH)), this.#options.concurrency, async (index) => {
      const wanted = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
      const [tile, bundle] = await Promise.all([
        wanted === TILE_WIDTH ? this.#files.tile(0, index, wanted) : undefined,
        this.#files.bundle(index, wanted),
      ]);
      return { index, tile, bundle };
    });
    for await (const { index, tile, bundle } of fetched) {
      const proven = await this.#tree.tile(0, index, tile);
      if (proven) this.#take(index, bundle, hashesOf(proven));
      else this.#fault();
      // Whoever anchors a size that nobody could fill must not keep the audit going for ever.
      if (this.#faults === MOST_FAULTS) return;
      this.#options.progress(Math.min(TILE_WIDTH, size - index * TILE_WIDTH));
    }
  }

  #fault(): void {
    this.#halted = true;
    this.#faults++;
  }

  #take(
    index: number,
    { file, width, content }: Awaited<ReturnType<ServedFiles['bundle']>>,
    proven: readonly Uint8Array[],
  ): void {
    const { found, place } = this.#options;
    const position = index * TILE_WIDTH;
    const leaves = typeof content === 'string' ? content : content.map(leafHash);
    const faults = judge(bundleRules, { position, width, leaves, proven }, { ...place, file });
    found(faults);
    if (faults.length > 0) this.#faults++;
    if (typeof content === 'string') {
      this.#halted = true;
      return;
    }
    for (let at = this.#fold.size - position; at < proven.length && !this.#halted; at++) {
      const [entry, leaf, wanted] = [content[at], leaves[at] as Uint8Array | undefined, proven[at]];
      if (entry && leaf && wanted && equalBytes(leaf, wanted)) found(this.#fold.take(entry, wanted));
      else this.#halted = true;
    }
  }
}

function* range(from: number, to: number): Generator<number> {
  for (let n = from; n < to; n++) yield n;
}

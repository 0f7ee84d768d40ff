// Publishing a file: its rows in chunks, in order, a few under way at a time, and each row's outcome with its line. A
// workbook may have tables of several items: each item is a submission of its own, and they are filled side by side.
import { createHash } from 'node:crypto';
import { malformed, XinlianError } from '../../node/core/errors.ts';
import type { ChunkResult, Counts, RowOutcome, SubmissionState } from '../../node/core/messages/publish.ts';
import type { CatalogueItem } from '../../node/policy/pack.ts';
import { SEALED_WINDOW, type SealedClient } from '../client/sealed.ts';
import { ChunkSender } from '../publish/submit.ts';
import type { SourceRows, Table } from '../workbook/source-row.ts';
import { Chunker, type FileChunk } from './chunks.ts';

/** Of the chunks' making: it MUST change with whatever moves a cut or writes a row in another way. */
const CHUNKING = 'xinlian/file/v2';

/** What became of a row. `row` is its ordinal in the submission: rows that were broken and never sent count too. */
export interface LineOutcome extends RowOutcome {
  table: Table;
  /** Line in the sheet, or physical line of a text file where it starts, from 1. */
  line: number;
}

export interface PublishOptions {
  /** Member whose submission it is. */
  member: string;
  /** SHA-256 of the file. */
  digest: Uint8Array;
  /** Whatever else makes other rows of the same file: flags, what was decided of its headings. */
  reading: () => string;
  dryRun: boolean;
  signal?: AbortSignal | undefined;
}

export interface PublishEvents {
  /** Once for each item, before its first chunk. `resumed`: chunks that were taken by an earlier run. */
  opened(item: CatalogueItem, resumed: number): void;
  /** In the order of the chunks of an item. `rows`: of all items that were answered by now. */
  taken(outcomes: readonly LineOutcome[], rows: number, bytesRead: number): void;
}

export interface Published {
  submission: string;
  item: CatalogueItem;
  counts: Counts;
}

/** What publishing needs of a sealed client. */
export type FileSubmitter = Pick<SealedClient, 'openSubmission' | 'sendChunk' | 'submissionState' | 'closeSubmission'>;

/**
 * Publishes every row of a file. The same file again, after an interruption, goes on where it stopped; after it was
 * wholly sent, it is a new submission, whose rows come back `unchanged`.
 *
 * @returns what became of the rows of each item, in the order in which the file has them
 * @throws as `SealedClient`, and what reading the rows throws
 */
export async function publishFile(
  source: SourceRows,
  options: PublishOptions,
  { submitter, events }: { submitter: FileSubmitter; events: PublishEvents },
): Promise<Published[]> {
  const sendings = new Map<CatalogueItem, { sending: Sending; chunker: Chunker }>();
  let told = 0;
  const taken = (outcomes: readonly LineOutcome[], bytesRead: number): void => {
    told += outcomes.length;
    events.taken(outcomes, told, bytesRead);
  };
  const of = (item: CatalogueItem): { sending: Sending; chunker: Chunker } => {
    let found = sendings.get(item);
    if (!found) {
      found = {
        sending: new Sending(item, options, submitter, { opened: (...args) => events.opened(...args), taken }),
        chunker: new Chunker(),
      };
      sendings.set(item, found);
    }
    return found;
  };
  try {
    let read = 0;
    for await (const { rows, bytesRead } of source) {
      read = bytesRead;
      for (const row of rows) {
        const { sending, chunker } = of(row.table.item);
        for (const chunk of chunker.add(row)) await sending.send(chunk, read);
      }
    }
    const published: Published[] = [];
    for (const { sending, chunker } of sendings.values()) {
      const last = chunker.end();
      if (last) await sending.send(last, read);
    }
    for (const { sending } of sendings.values()) published.push(await sending.finish());
    return published;
  } finally {
    for (const { sending } of sendings.values()) sending.stop();
  }
}

interface SendingEvents {
  opened(item: CatalogueItem, resumed: number): void;
  taken(outcomes: readonly LineOutcome[], bytesRead: number): void;
}

/** The rows of one item on their way. */
class Sending {
  readonly #item: CatalogueItem;
  readonly #options: PublishOptions;
  readonly #submitter: FileSubmitter;
  readonly #events: SendingEvents;
  /** When one chunk fails, those behind it are of no use. */
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #underWay: Promise<() => void>[] = [];
  #open: { submission: string; sender: ChunkSender } | undefined;
  #counts: Counts = { rows: 0, published: 0, corrected: 0, unchanged: 0, rejected: 0 };

  constructor(item: CatalogueItem, options: PublishOptions, submitter: FileSubmitter, events: SendingEvents) {
    this.#item = item;
    this.#options = options;
    this.#submitter = submitter;
    this.#events = events;
    this.#signal = AbortSignal.any([this.#stop.signal, ...(options.signal ? [options.signal] : [])]);
  }

  /** Returns when there is room for another. */
  async send(chunk: FileChunk, bytesRead: number): Promise<void> {
    const { sender } = await this.#opened();
    const answer = chunk.pieces.length > 0 ? sender.send(chunk.pieces) : undefined;
    const told = (async () => {
      const outcomes = outcomesOf(chunk, await answer);
      return () => this.#tell(outcomes, bytesRead);
    })();
    told.catch(() => undefined); // it is awaited in its turn
    this.#underWay.push(told);
    if (this.#underWay.length >= SEALED_WINDOW) (await this.#underWay.shift())?.();
  }

  async finish(): Promise<Published> {
    const item = this.#item;
    const { submission } = await this.#opened();
    for (const told of this.#underWay) (await told)();
    await this.#submitter.closeSubmission(submission, this.#signal);
    return { submission, item, counts: this.#counts };
  }

  stop(): void {
    this.#stop.abort();
  }

  async #opened(): Promise<{ submission: string; sender: ChunkSender }> {
    if (this.#open) return this.#open;
    const state = await openRound(this.#submitter, this.#item, this.#options, this.#signal);
    this.#events.opened(this.#item, state.next);
    // Its digest is in the submission's name.
    const sending = { sameRows: true, signal: this.#signal };
    this.#open = { submission: state.submission, sender: new ChunkSender(state, sending, this.#submitter) };
    return this.#open;
  }

  #tell(outcomes: readonly LineOutcome[], bytesRead: number): void {
    const counts = { ...this.#counts, rows: this.#counts.rows + outcomes.length };
    for (const [i, outcome] of outcomes.entries()) {
      outcome.row = this.#counts.rows + i + 1;
      counts[outcome.outcome]++;
    }
    this.#counts = counts;
    this.#events.taken(outcomes, bytesRead);
  }
}

/** Outcomes of a chunk in the order of its rows, what was broken among them. Their ordinals are given when told. */
function outcomesOf({ rows }: FileChunk, result: ChunkResult | undefined): LineOutcome[] {
  const sent = result?.outcomes ?? [];
  const wanted = rows.filter(({ faults }) => faults === undefined).length;
  if (wanted !== sent.length) malformed('answer to a chunk', `the outcomes of ${wanted} rows`, `${sent.length}`);
  let answered = 0;
  return rows.flatMap(({ table, line, faults, warnings = [] }): LineOutcome[] => {
    const outcome: RowOutcome | undefined = faults ? { row: 0, outcome: 'rejected', faults } : sent[answered++];
    if (!outcome) return [];
    const all = [...(outcome.warnings ?? []), ...warnings];
    return [{ ...outcome, table, line, ...(all.length > 0 && { warnings: all }) }];
  });
}

/** Opens the first submission of this file that is not closed: rounds are closed one after the other. */
async function openRound(
  submitter: FileSubmitter,
  { item }: CatalogueItem,
  { member, digest, reading, dryRun }: PublishOptions,
  signal: AbortSignal,
): Promise<SubmissionState> {
  const idOf = (round: number): string =>
    createHash('sha256')
      .update(
        [
          CHUNKING,
          member,
          item,
          dryRun ? 'dry-run' : 'publish',
          Buffer.from(digest).toString('hex'),
          reading(),
          round,
        ].join('\0'),
      )
      .digest('base64url')
      .slice(0, 32);
  const isClosed = async (round: number): Promise<boolean> => {
    try {
      return (await submitter.submissionState(idOf(round), signal)).closed;
    } catch (error) {
      if (XinlianError.is(error, 'NOT_FOUND')) return false;
      throw error;
    }
  };
  // Doubles, then halves: a file that is sent every night for years still asks a dozen times only.
  let closed = -1;
  let open = 0;
  while (await isClosed(open)) [closed, open] = [open, 2 * open + 1];
  while (open - closed > 1) {
    const middle = Math.floor((closed + open) / 2);
    if (await isClosed(middle)) closed = middle;
    else open = middle;
  }
  return submitter.openSubmission({ submission: idOf(open), item, dryRun }, signal);
}

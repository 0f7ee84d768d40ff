// Publishing a file: its rows in chunks, in order, a few under way at a time, and each row's outcome with its line.
import { createHash } from 'node:crypto';
import { malformed, XinlianError } from '../../node/core/errors.ts';
import type { ChunkResult, Counts, RowOutcome, SubmissionState } from '../../node/core/messages/publish.ts';
import type { CatalogueItem } from '../../node/policy/pack.ts';
import { Chunker, type Chunk } from './chunks.ts';
import type { RowReader, SourceRow } from './csv-rows.ts';
import type { Submitter } from './sealed-client.ts';

/** Chunks that are sent and not answered yet. */
const WINDOW = 3;

/** Of the chunks' making: it MUST change with whatever moves a cut or writes a row in another way. */
const CHUNKING = 'xinlian/file/v1';

/** What became of a row. `row` is its ordinal in the file: rows that were broken and never sent count too. */
export interface LineOutcome extends RowOutcome {
  /** Physical line in the file where it starts, from 1. */
  line: number;
}

export interface PublishOptions {
  /** Member whose submission it is. */
  member: string;
  /** SHA-256 of the file. */
  digest: Uint8Array;
  dryRun: boolean;
  signal?: AbortSignal | undefined;
}

export interface PublishEvents {
  /** Once, before the first chunk. `resumed`: chunks that were taken by an earlier run. */
  opened(item: CatalogueItem, resumed: number): void;
  /** In the order of the chunks. */
  taken(outcomes: readonly LineOutcome[], counts: Counts, bytesRead: number): void;
}

export interface Published {
  submission: string;
  item: CatalogueItem;
  counts: Counts;
}

/**
 * Publishes every row of a file. The same file again, after an interruption, goes on where it stopped; after it was
 * wholly sent, it is a new submission, whose rows come back `unchanged`.
 *
 * @param text the file's text, and how many bytes of the file were read for it
 * @throws XinlianError, ApiError as `Submitter`; `MALFORMED` for a file whose columns fit no item
 */
export async function publishFile(
  text: AsyncIterable<{ text: string; bytesRead: number }>,
  reader: RowReader,
  options: PublishOptions,
  { submitter, events }: { submitter: Submitter; events: PublishEvents },
): Promise<Published> {
  const sending = new Sending(options, submitter, events);
  const chunker = new Chunker();
  let read = 0;
  const take = async (rows: readonly SourceRow[]): Promise<void> => {
    for (const row of rows) for (const chunk of chunker.add(row)) await sending.send(itemOf(reader), chunk, read);
  };
  try {
    for await (const { text: piece, bytesRead } of text) {
      read = bytesRead;
      await take(reader.push(piece));
    }
    await take(reader.end());
    const last = chunker.end();
    if (last) await sending.send(itemOf(reader), last, read);
    return await sending.finish(itemOf(reader));
  } finally {
    sending.stop();
  }
}

function itemOf({ item }: RowReader): CatalogueItem {
  return item ?? malformed('file', 'a row from which to tell what it is about (or --item)', 'none');
}

class Sending {
  readonly #options: PublishOptions;
  readonly #submitter: Submitter;
  readonly #events: PublishEvents;
  /** When one chunk fails, those behind it are of no use. */
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #underWay: Promise<() => void>[] = [];
  #state: SubmissionState | undefined;
  #next = 0;
  #previous: Promise<unknown> = Promise.resolve();
  #counts: Counts = { rows: 0, published: 0, corrected: 0, unchanged: 0, rejected: 0 };

  constructor(options: PublishOptions, submitter: Submitter, events: PublishEvents) {
    this.#options = options;
    this.#submitter = submitter;
    this.#events = events;
    this.#signal = AbortSignal.any([this.#stop.signal, ...(options.signal ? [options.signal] : [])]);
  }

  /** Returns when there is room for another. */
  async send(item: CatalogueItem, chunk: Chunk, bytesRead: number): Promise<void> {
    const state = await this.#opened(item);
    const answer = chunk.body.length > 0 ? this.#inOrder(state, this.#next++, chunk.body) : undefined;
    const told = (async () => {
      const outcomes = outcomesOf(chunk, await answer);
      return () => this.#tell(outcomes, bytesRead);
    })();
    told.catch(() => undefined); // it is awaited in its turn
    this.#underWay.push(told);
    if (this.#underWay.length >= WINDOW) (await this.#underWay.shift())?.();
  }

  async finish(item: CatalogueItem): Promise<Published> {
    const { submission } = await this.#opened(item);
    for (const told of this.#underWay) (await told)();
    await this.#submitter.closeSubmission(submission, this.#signal);
    return { submission, item, counts: this.#counts };
  }

  stop(): void {
    this.#stop.abort();
  }

  async #opened(item: CatalogueItem): Promise<SubmissionState> {
    if (this.#state) return this.#state;
    const state = await openRound(this.#submitter, item, this.#options, this.#signal);
    this.#events.opened(item, state.next);
    return (this.#state = state);
  }

  /** Chunks travel side by side, and one may overtake another: it is refused, and goes again behind the other. */
  async #inOrder({ submission, next }: SubmissionState, index: number, body: Buffer): Promise<ChunkResult> {
    // Of a chunk that was taken before, the answer alone is asked for.
    const bytes = index < next ? body.subarray(0, 0) : body;
    const send = () => this.#submitter.sendChunk(submission, index, bytes, this.#signal);
    const previous = this.#previous;
    const answer = send().catch(async (error: unknown) => {
      if (!XinlianError.is(error, 'CONFLICT')) throw error;
      await previous;
      return send();
    });
    this.#previous = answer;
    return answer;
  }

  #tell(outcomes: readonly LineOutcome[], bytesRead: number): void {
    const counts = { ...this.#counts, rows: this.#counts.rows + outcomes.length };
    for (const [i, outcome] of outcomes.entries()) {
      outcome.row = this.#counts.rows + i + 1;
      counts[outcome.outcome]++;
    }
    this.#counts = counts;
    this.#events.taken(outcomes, counts, bytesRead);
  }
}

/** Outcomes of a chunk in the order of its lines, what was broken among them. Their ordinals are given when told. */
function outcomesOf({ lines, broken }: Chunk, result: ChunkResult | undefined): LineOutcome[] {
  const sent = result?.outcomes ?? [];
  if (sent.length !== lines.length) {
    malformed('answer to a chunk', `the outcomes of ${lines.length} rows`, `${sent.length}`);
  }
  const outcomes: LineOutcome[] = sent.map((outcome, i) => Object.assign(outcome, { line: lines[i] ?? 0 }));
  for (const { line, faults } of broken) outcomes.push({ row: 0, line, outcome: 'rejected', faults });
  return broken.length > 0 ? outcomes.sort((a, b) => a.line - b.line) : outcomes;
}

/** Opens the first submission of this file that is not closed: rounds are closed one after the other. */
async function openRound(
  submitter: Submitter,
  { item }: CatalogueItem,
  { member, digest, dryRun }: PublishOptions,
  signal: AbortSignal,
): Promise<SubmissionState> {
  const idOf = (round: number): string =>
    createHash('sha256')
      .update(
        [CHUNKING, member, item, dryRun ? 'dry-run' : 'publish', Buffer.from(digest).toString('hex'), round].join('\0'),
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

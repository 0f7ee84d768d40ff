// Publishing a file: its rows in chunks, in order, a few under way at a time, and each row's outcome with its line.
import { createHash } from 'node:crypto';
import { malformed, XinlianError } from '../../node/core/errors.ts';
import type { ChunkResult, Counts, RowOutcome, SubmissionState } from '../../node/core/messages/publish.ts';
import type { CatalogueItem } from '../../node/policy/pack.ts';
import { SEALED_WINDOW, type SealedClient } from '../client/sealed.ts';
import { sendChunks } from '../publish/submit.ts';
import { Chunker, type FileChunk } from './chunks.ts';
import type { RowReader, SourceRow } from './csv-rows.ts';

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

/** What publishing needs of a sealed client. */
export type FileSubmitter = Pick<SealedClient, 'openSubmission' | 'sendChunk' | 'submissionState' | 'closeSubmission'>;

/** A chunk, and how much of the file was read for it. */
type ReadChunk = FileChunk & { bytesRead: number };

/**
 * Publishes every row of a file. The same file again, after an interruption, goes on where it stopped; after it was
 * wholly sent, it is a new submission, whose rows come back `unchanged`.
 *
 * @param text the file's text, and how many bytes of the file were read for it
 * @throws as `SealedClient`; `MALFORMED` for a file whose columns fit no item
 */
export async function publishFile(
  text: AsyncIterable<{ text: string; bytesRead: number }>,
  reader: RowReader,
  options: PublishOptions,
  { submitter, events }: { submitter: FileSubmitter; events: PublishEvents },
): Promise<Published> {
  const signal = options.signal ?? new AbortController().signal;
  const chunks = chunksOfFile(text, reader);
  try {
    // What the rows are about is known once the first are read.
    const first = await chunks.next();
    const item = reader.item ?? malformed('file', 'a row from which to tell what it is about (or --item)', 'none');
    const state = await openRound(submitter, item, options, signal);
    events.opened(item, state.next);
    const counts: Counts = { rows: 0, published: 0, corrected: 0, unchanged: 0, rejected: 0 };
    // Its digest is in the submission's name.
    const sending = { window: SEALED_WINDOW, sameRows: true, signal };
    for await (const { chunk, answer } of sendChunks(startingWith(first, chunks), state, sending, submitter)) {
      const outcomes = outcomesOf(chunk, answer, counts.rows);
      counts.rows += outcomes.length;
      for (const { outcome } of outcomes) counts[outcome]++;
      events.taken(outcomes, counts, chunk.bytesRead);
    }
    await submitter.closeSubmission(state.submission, signal);
    return { submission: state.submission, item, counts };
  } finally {
    await chunks.return();
  }
}

async function* chunksOfFile(
  text: AsyncIterable<{ text: string; bytesRead: number }>,
  reader: RowReader,
): AsyncGenerator<ReadChunk, void, void> {
  const chunker = new Chunker();
  let bytesRead = 0;
  function* take(rows: readonly SourceRow[]): Generator<ReadChunk> {
    for (const row of rows) for (const chunk of chunker.add(row)) yield { ...chunk, bytesRead };
  }
  for await (const piece of text) {
    bytesRead = piece.bytesRead;
    yield* take(reader.push(piece.text));
  }
  yield* take(reader.end());
  const last = chunker.end();
  if (last) yield { ...last, bytesRead };
}

async function* startingWith<T>(first: IteratorResult<T, void>, rest: AsyncGenerator<T, void, void>) {
  if (!first.done) yield first.value;
  yield* rest;
}

/** Outcomes of a chunk in the order of its lines, what was broken among them. @param told rows of chunks before it */
function outcomesOf({ lines, broken }: FileChunk, answer: ChunkResult | undefined, told: number): LineOutcome[] {
  const sent = answer?.outcomes ?? [];
  if (sent.length !== lines.length) {
    malformed('answer to a chunk', `the outcomes of ${lines.length} rows`, `${sent.length}`);
  }
  const outcomes: LineOutcome[] = sent.map((outcome, i) => Object.assign(outcome, { line: lines[i] ?? 0 }));
  for (const { line, faults } of broken) outcomes.push({ row: 0, line, outcome: 'rejected', faults });
  if (broken.length > 0) outcomes.sort((a, b) => a.line - b.line);
  for (const [i, outcome] of outcomes.entries()) outcome.row = told + i + 1;
  return outcomes;
}

/** Opens the first submission of this file that is not closed: rounds are closed one after the other. */
async function openRound(
  submitter: FileSubmitter,
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

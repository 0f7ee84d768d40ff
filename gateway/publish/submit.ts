// A submission from its sender's end: chunks go out in order, some under way at a time, and are answered in order.
import { XinlianError } from '../../node/core/errors.ts';
import type { ChunkResult, OpenSubmission, SubmissionState } from '../../node/core/messages/publish.ts';
import { CHUNK_BYTES, MAX_LINE_BYTES } from '../api/limits.ts';
import type { ProblemLine, PublishLine } from '../api/records.ts';
import { LineCutter, type LineChunk } from './line-cutter.ts';

/** A node that takes submissions, whatever stands in between. Every method can be repeated without harm. */
export interface Submitter {
  openSubmission(submission: OpenSubmission, signal: AbortSignal): Promise<SubmissionState>;
  /** @param pieces whole NDJSON lines; none for a chunk that was taken: its answer comes again */
  sendChunk(
    submission: string,
    index: number,
    pieces: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<ChunkResult>;
  closeSubmission(submission: string, signal: AbortSignal): Promise<SubmissionState>;
}

export interface Submission extends OpenSubmission {
  /** Which rows are told: those that were rejected or warned of, or all. */
  outcomes: 'faults' | 'all';
}

export interface SendOptions {
  /** Chunks that are sent and not answered yet. */
  window: number;
  /**
   * The sender knows that the rows are those of the first time, so that of chunks that were taken it asks for the answer
   * alone. Without it they are sent again, and the node refuses other rows under the same name.
   */
  sameRows?: boolean;
  signal: AbortSignal;
}

type OpenState = Pick<SubmissionState, 'submission' | 'next'>;

/** Lines of the answer: those of the HTTP API, of which a problem is thrown here. */
export type SubmissionLine = Exclude<PublishLine, ProblemLine>;

/**
 * Submits rows, and yields the lines of the answer while they come; the last is the summary. It reads no more chunks
 * than it can send: a slow node, or a caller that does not take its answers, slows the source of the rows.
 * @throws as `submitter`, and what the chunks throw; what was answered by then is durable
 */
export async function* submit(
  { outcomes, ...submission }: Submission,
  chunks: AsyncIterable<{ pieces: readonly Uint8Array[] }>,
  options: SendOptions,
  submitter: Submitter,
): AsyncGenerator<SubmissionLine, void, void> {
  const state = await submitter.openSubmission(submission, options.signal);
  for await (const { answer } of sendChunks(chunks, state, options, submitter)) {
    if (answer) yield* linesOf(answer, outcomes);
  }
  yield { type: 'summary', ...(await submitter.closeSubmission(submission.submission, options.signal)) };
}

/**
 * Sends the chunks of an open submission, and gives each with its answer, in order. A chunk without pieces is not sent;
 * it has its turn among the others.
 */
export async function* sendChunks<C extends { readonly pieces: readonly Uint8Array[] }>(
  chunks: AsyncIterable<C>,
  state: OpenState,
  { window, sameRows = false, signal }: SendOptions,
  submitter: Pick<Submitter, 'sendChunk'>,
): AsyncGenerator<{ chunk: C; answer: ChunkResult | undefined }, void, void> {
  // When one chunk fails, those behind it are of no use any more.
  const stop = new AbortController();
  const sender = new ChunkSender(state, { sameRows, signal: AbortSignal.any([signal, stop.signal]) }, submitter);
  const underWay: Promise<{ chunk: C; answer: ChunkResult | undefined }>[] = [];
  try {
    for await (const chunk of chunks) {
      const answer = chunk.pieces.length > 0 ? sender.send(chunk.pieces) : undefined;
      const sent = Promise.resolve(answer).then((result) => ({ chunk, answer: result }));
      sent.catch(() => undefined); // it is awaited in its turn
      underWay.push(sent);
      if (underWay.length >= window) yield await underWay.shift()!;
    }
    for (const sent of underWay) yield await sent;
  } finally {
    stop.abort();
  }
}

/** Sends the chunks of an open submission side by side. */
export class ChunkSender {
  readonly #state: OpenState;
  readonly #options: Omit<SendOptions, 'window'>;
  readonly #submitter: Pick<Submitter, 'sendChunk'>;
  #next = 0;
  #previous: Promise<unknown> = Promise.resolve();

  constructor(state: OpenState, options: Omit<SendOptions, 'window'>, submitter: Pick<Submitter, 'sendChunk'>) {
    this.#state = state;
    this.#options = options;
    this.#submitter = submitter;
  }

  /** Sends the next chunk. */
  send(pieces: readonly Uint8Array[]): Promise<ChunkResult> {
    const answer = this.#sendBehind(this.#previous, this.#next++, pieces);
    this.#previous = answer;
    return answer;
  }

  async #sendBehind(before: Promise<unknown>, index: number, pieces: readonly Uint8Array[]): Promise<ChunkResult> {
    const { submission, next } = this.#state;
    const { sameRows = false, signal } = this.#options;
    const send = () => this.#submitter.sendChunk(submission, index, sameRows && index < next ? [] : pieces, signal);
    try {
      return await send();
    } catch (error) {
      // It overtook the one before it on the way, and was refused: it goes again.
      if (!XinlianError.is(error, 'CONFLICT')) throw error;
      await before;
      return send();
    }
  }
}

/** The bytes of rows, as they come, in chunks of whole lines. @throws TOO_LARGE for a row over the limit */
export async function* chunksOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<LineChunk, void, void> {
  const cutter = new LineCutter({ chunkBytes: CHUNK_BYTES, maxLineBytes: MAX_LINE_BYTES });
  for await (const piece of bytes) yield* cutter.push(piece);
  const last = cutter.end();
  if (last) yield last;
}

function* linesOf({ index, counts, outcomes }: ChunkResult, wanted: 'faults' | 'all'): Generator<SubmissionLine> {
  for (const row of outcomes) {
    if (wanted === 'all' || row.outcome === 'rejected' || row.warnings?.length) yield { type: 'row', ...row };
  }
  yield { type: 'chunk', index, ...counts };
}

// A stream of rows on its way to the node: cut into chunks, sent in order, answered in order.
import { createHash, randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { XinlianError } from '../../node/core/errors.ts';
import type { MemberId } from '../../node/core/ids.ts';
import type { ChunkResult, SubmissionState } from '../../node/core/messages/publish.ts';
import type { PublishLine } from '../api/records.ts';
import { CHUNK_BYTES, MAX_LINE_BYTES } from '../api/limits.ts';
import type { HomeNode } from '../home-node.ts';
import { LineCutter, type LineChunk } from './line-cutter.ts';

/** Chunks that are sent and not answered yet: enough to keep the node busy while one is on its way. */
const WINDOW = 8;

/** The same key of the same member is the same submission, at any gateway. Without a key it is a new one. */
export function submissionIdOf(member: MemberId, idempotencyKey: string | undefined): string {
  if (idempotencyKey === undefined) return randomBytes(24).toString('base64url');
  const text = `xinlian/submission/v1\0${member}\0${idempotencyKey}`;
  return createHash('sha256').update(text).digest('base64url').slice(0, 32);
}

export interface Submission {
  id: string;
  item: string;
  dryRun: boolean;
  outcomes: 'faults' | 'all';
}

/**
 * Forwards rows, and gives the lines of the answer. It reads no more rows than it can send: a slow node, or a client
 * that does not read its answers, slows the sender. Ends with the summary; throws what broke it.
 */
export async function* forward(
  { id, item, dryRun, outcomes }: Submission,
  rows: Readable,
  node: HomeNode,
  signal: AbortSignal,
): AsyncGenerator<PublishLine, void, void> {
  // When one chunk fails, those behind it are of no use any more.
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const answers: Promise<ChunkResult>[] = [];
  let index = 0;
  try {
    await node.openSubmission({ submission: id, item, dryRun }, either);
    for await (const chunk of chunksOf(rows)) {
      const answer = node.sendChunk(id, index++, chunk.pieces, either);
      answer.catch(() => undefined); // it is awaited in its turn, below
      answers.push(answer);
      if (answers.length >= WINDOW) yield* linesOf(await answers.shift()!, outcomes);
    }
    for (const answer of answers) yield* linesOf(await answer, outcomes);
    yield summaryOf(await node.closeSubmission(id, either));
  } finally {
    stop.abort();
  }
}

async function* chunksOf(rows: Readable): AsyncGenerator<LineChunk> {
  const cutter = new LineCutter({ chunkBytes: CHUNK_BYTES, maxLineBytes: MAX_LINE_BYTES });
  // The request must outlive a fault in it: its connection still has to carry the problem.
  for await (const bytes of rows.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    yield* cutter.push(bytes);
  }
  if (rows.readableAborted) throw new XinlianError('CANCELLED', { what: 'stream of rows' });
  const last = cutter.end();
  if (last) yield last;
}

function* linesOf({ index, counts, outcomes }: ChunkResult, wanted: 'faults' | 'all'): Generator<PublishLine> {
  for (const row of outcomes) {
    if (wanted === 'all' || row.outcome === 'rejected' || row.warnings?.length) yield { type: 'row', ...row };
  }
  yield { type: 'chunk', index, ...counts };
}

function summaryOf(state: SubmissionState): PublishLine {
  return { type: 'summary', ...state };
}

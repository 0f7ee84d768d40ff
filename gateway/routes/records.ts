import { fromUtf8 } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { codec } from '../../node/core/messages/codec.ts';
import type { MemberId } from '../../node/core/ids.ts';
import type { BundleRequest, RecordStatus } from '../../node/core/messages/record.ts';
import { BundleDocument, type PublishLine, type RecordStatusView } from '../api/records.ts';
import type { Caller } from '../auth/access-token.ts';
import { beijingTime } from '../beijing-time.ts';
import { HomeNode } from '../home-node.ts';
import type { Metrics } from '../metrics.ts';
import type { NodeCaller } from '../ports.ts';
import { Streams } from '../publish/streams.ts';
import { submissionIdOf } from '../publish/submission-id.ts';
import { chunksOf, submit } from '../publish/submit.ts';
import type { Handlers } from './handler.ts';
import { piecesOf } from './request-pieces.ts';

export interface RecordOptions {
  ownMembers: readonly MemberId[];
  maxStreams: number;
  nodeTimeoutMs: number;
}

/** Chunks that are sent and not answered yet: enough to keep the node busy while one is on its way. */
const WINDOW = 8;

export const bundleDocument = codec('bundle', BundleDocument);

export function recordRoutes(
  { ownMembers, maxStreams, nodeTimeoutMs }: RecordOptions,
  { nodes, metrics }: { nodes: NodeCaller; metrics: Metrics },
) {
  const own = new Set(ownMembers);
  const streams = new Streams(maxStreams);

  function homeOf({ member }: Caller): HomeNode {
    if (own.has(member)) return new HomeNode(member, { timeoutMs: nodeTimeoutMs }, nodes);
    throw new XinlianError('FORBIDDEN', {
      wanted: 'a member hosted by this gateway’s own node; others open a sealed session at /v1/sessions',
      got: member,
    });
  }

  return {
    publishRecords({ caller, query, idempotencyKey, body, signal, header }) {
      const home = homeOf(caller);
      const id = submissionIdOf(caller.member, idempotencyKey);
      const leave = streams.enter(caller.member, id, idempotencyKey);
      header('location', `/v1/submissions/${id}`);
      const { item, dryRun = false, outcomes = 'faults' } = query;
      const submission = { submission: id, item, dryRun, outcomes };
      const lines = submit(submission, chunksOf(piecesOf(body)), { window: WINDOW, signal }, home);
      return until(underKey(counted(lines, metrics), idempotencyKey), leave);
    },

    getSubmission: ({ caller, params, signal }) => homeOf(caller).submissionState(params.submission, signal),

    async getRecord({ caller, params, query, signal }) {
      return viewOf(await homeOf(caller).recordStatus({ ...params, ...query }, signal));
    },

    async getReceipt({ caller, params, query, signal }) {
      return bundleDocument.decode(await homeOf(caller).recordBundle({ ...params, ...query, claims: [] }, signal));
    },

    async getBundle({ caller, params, query, signal }) {
      return bundleDocument.decode(await homeOf(caller).recordBundle(requestOf(params, query), signal));
    },

    async getTlogProof({ caller, params, query, signal }) {
      const request = { ...requestOf(params, query), format: 'tlog-proof' as const };
      return fromUtf8(await homeOf(caller).recordBundle(request, signal));
    },
  } satisfies Partial<Handlers>;
}

function requestOf(
  params: { record: string },
  { claims, ...version }: { claims?: string; version?: number },
): BundleRequest {
  return { ...params, ...version, ...(claims !== undefined && { claims: claims.split(',').filter(Boolean) }) };
}

function viewOf({ versions, ...status }: RecordStatus): RecordStatusView {
  return { ...status, versions: versions.map((version) => ({ ...version, time: beijingTime(version.time) })) };
}

/** Other rows under a key are what other bodies are elsewhere. */
async function* underKey<T>(
  lines: AsyncGenerator<T, void, void>,
  key: string | undefined,
): AsyncGenerator<T, void, void> {
  try {
    yield* lines;
  } catch (error) {
    if (key === undefined || !XinlianError.is(error, 'CONFLICT')) throw error;
    throw new XinlianError('IDEMPOTENCY_KEY_REUSED', { key }, { cause: error });
  }
}

/** Calls `end` when the lines end, however they end. The first MUST be asked for. */
async function* until<T>(lines: AsyncGenerator<T, void, void>, end: () => void): AsyncGenerator<T, void, void> {
  try {
    yield* lines;
  } finally {
    end();
  }
}

async function* counted(lines: AsyncGenerator<PublishLine, void, void>, { rows }: Metrics) {
  for await (const line of lines) {
    if (line.type === 'chunk') {
      for (const outcome of ['published', 'corrected', 'unchanged', 'rejected'] as const)
        rows.inc({ outcome }, line[outcome]);
    }
    yield line;
  }
}

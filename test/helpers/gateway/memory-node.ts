// A node in memory that really takes submissions: in order, once, and answering a repeated chunk as before.
import { XinlianError } from '../../../node/core/errors.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import { decodeParcel } from '../../../node/core/messages/codec.ts';
import { logPosition, logRead, type RpcMethod } from '../../../node/core/messages/node.ts';
import {
  chunkHeader,
  chunkResult,
  openSubmission,
  submissionRef,
  submissionState,
  type ChunkResult,
  type RowOutcome,
  type SubmissionState,
} from '../../../node/core/messages/publish.ts';
import { bundleRequest, recordRef, recordStatus } from '../../../node/core/messages/record.ts';
import { methodCall, openedSession, openSession, sessionCall } from '../../../node/core/messages/session.ts';
import { equalBytes, utf8 } from '../../../node/core/bytes.ts';
import { completeBundle } from '../bundle.ts';
import type { NodeCaller, NodeCallOptions } from '../../../gateway/ports.ts';

export const KNOWN_RECORD = 'AAAAAAAAAAAAAAAAAAAAAA';
export const SESSION = 'BBBBBBBBBBBBBBBBBBBBBB';

interface Stored {
  state: SubmissionState;
  results: ChunkResult[];
  /** Digestible trace of what was taken, in order. */
  lines: string[];
  bodies: Uint8Array[];
}

export class MemoryNode implements NodeCaller {
  readonly submissions = new Map<string, Stored>();
  /** Every call: whose node, which method. */
  readonly calls: { member: MemberId; method: RpcMethod }[] = [];
  /** Awaited before a chunk is answered. */
  beforeChunk: (index: number) => Promise<void> = async () => {};
  /** Thrown at the next call, then forgotten. */
  nextFault: Error | undefined;
  /** Whether lines are kept, for comparing. */
  keepLines = true;
  chunksUnderWay = 0;
  mostUnderWay = 0;
  sealedBytes: Uint8Array[] = [];
  /** Answers what is sealed, and the words that all nodes hear. */
  sealed: (member: MemberId, method: RpcMethod, argument: Uint8Array) => Promise<Uint8Array> = async (_, method) => {
    throw new XinlianError('METHOD_UNKNOWN', { method });
  };
  /** Answers inner methods that publishing has not. */
  inner: (method: string, argument: Uint8Array) => Promise<Uint8Array> = async (method) => {
    throw new XinlianError('METHOD_UNKNOWN', { method });
  };
  sessionExpires = Math.floor(Date.now() / 1000) + 3600;

  async call(
    member: MemberId,
    method: RpcMethod,
    argument: Uint8Array,
    { signal }: NodeCallOptions,
  ): Promise<Uint8Array> {
    this.calls.push({ member, method });
    const fault = this.nextFault;
    this.nextFault = undefined;
    if (fault) throw fault;
    signal?.throwIfAborted();
    switch (method) {
      case 'call': {
        const { header, body } = decodeParcel(argument);
        const call = methodCall.decode(header);
        if (call.member !== member) throw new XinlianError('FORBIDDEN', { wanted: member, got: String(call.member) });
        return this.#inner(call.method, body, signal);
      }
      case 'session/open':
        openSession.decode(argument);
        return openedSession.encode({ session: SESSION, expires: this.sessionExpires });
      case 'session/call': {
        const { header, body } = decodeParcel(argument);
        const { session } = sessionCall.decode(header);
        if (session !== SESSION) throw new XinlianError('NOT_FOUND', { what: 'session', id: session });
        this.sealedBytes.push(body);
        return body.toReversed();
      }
      case 'log/read': {
        const { path } = logRead.decode(argument);
        return utf8(`file ${path}\n`);
      }
      case 'log/proof': {
        const { log, position } = logPosition.decode(argument);
        if (position > 7) throw new XinlianError('NOT_FOUND', { what: `entry of log ${log}`, id: String(position) });
        return utf8(JSON.stringify({ ...(await entryProofOfPaper()), position }));
      }
      case 'node/info':
        throw new XinlianError('METHOD_UNKNOWN', { method });
      default:
        return this.sealed(member, method, argument);
    }
  }

  async #inner(method: string, body: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    switch (method) {
      case 'submission/open':
        return submissionState.encode(this.#open(body));
      case 'submission/chunk':
        return chunkResult.encode(await this.#chunk(body, signal));
      case 'submission/state':
        return submissionState.encode(this.#stored(submissionRef.decode(body).submission).state);
      case 'submission/close': {
        const stored = this.#stored(submissionRef.decode(body).submission);
        stored.state = { ...stored.state, closed: true };
        return submissionState.encode(stored.state);
      }
      case 'record/status': {
        const { record } = recordRef.decode(body);
        if (record !== KNOWN_RECORD) throw new XinlianError('NOT_FOUND', { what: 'record', id: record });
        const version = { version: 1, kind: 'publish', position: 7, time: 1_767_225_600, status: 'live' };
        return recordStatus.encode({
          record,
          item: 'administrative-licence',
          edition: '2024',
          class: 'public',
          log: `0x${'d'.repeat(64)}`,
          state: 'logged',
          why: 'waits for the next anchor',
          versions: [{ ...version, state: 'logged' }],
        });
      }
      case 'record/bundle':
        return utf8(
          bundleRequest.decode(body).format === 'tlog-proof'
            ? `proof of ${bundleRequest.decode(body).claims?.join() ?? '*'}\n`
            : JSON.stringify({ type: 'xinlian/bundle/v1', disclosures: bundleRequest.decode(body).claims ?? ['*'] }),
        );
      default:
        return this.inner(method, body);
    }
  }

  #open(body: Uint8Array): SubmissionState {
    const { submission, item, dryRun } = openSubmission.decode(body);
    const known = this.submissions.get(submission);
    if (known && known.state.item !== item) {
      throw new XinlianError('CONFLICT', { what: 'submission', wanted: known.state.item, got: item });
    }
    if (known) return known.state;
    const counts = { rows: 0, published: 0, corrected: 0, unchanged: 0, rejected: 0 };
    const state = { submission, item, dryRun, next: 0, closed: false, counts };
    this.submissions.set(submission, { state, results: [], lines: [], bodies: [] });
    return state;
  }

  async #chunk(argument: Uint8Array, signal?: AbortSignal): Promise<ChunkResult> {
    const { header, body } = decodeParcel(argument);
    const { submission, index } = chunkHeader.decode(header);
    const stored = this.#stored(submission);
    const known = stored.results[index];
    if (known) {
      const before = stored.bodies[index];
      if (body.length > 0 && before && !equalBytes(before, body)) {
        throw new XinlianError('CONFLICT', { what: 'chunk', wanted: 'the rows of the first time', got: 'others' });
      }
      return known;
    }
    if (index !== stored.state.next) {
      throw new XinlianError('CONFLICT', { what: 'chunk', wanted: String(stored.state.next), got: String(index) });
    }
    const result = this.#take(stored, index, body);
    this.chunksUnderWay++;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.chunksUnderWay);
    try {
      await Promise.race([this.beforeChunk(index), aborted(signal)]);
    } finally {
      this.chunksUnderWay--;
    }
    return result;
  }

  /** A row is a line; one that has `bad` in it is rejected. */
  #take(stored: Stored, index: number, body: Uint8Array): ChunkResult {
    const text = new TextDecoder().decode(body);
    if (!text.endsWith('\n'))
      throw new XinlianError('MALFORMED', { what: 'chunk', wanted: 'whole lines', got: 'a part' });
    const lines = text.slice(0, -1).split('\n');
    if (this.keepLines) {
      stored.lines.push(...lines);
      stored.bodies[index] = body;
    }
    const { counts } = stored.state;
    const outcomes = lines.map((line, i): RowOutcome => {
      const row = counts.rows + i + 1;
      if (!line.includes('bad'))
        return { row, outcome: 'published', record: KNOWN_RECORD, version: 1, position: row - 1 };
      return { row, outcome: 'rejected', faults: [{ code: 'required', wanted: 'good', got: 'bad' }] };
    });
    const rejected = outcomes.filter(({ outcome }) => outcome === 'rejected').length;
    const added = { rows: lines.length, published: lines.length - rejected, corrected: 0, unchanged: 0, rejected };
    const result = { index, counts: added, outcomes };
    stored.results.push(result);
    stored.state = {
      ...stored.state,
      next: index + 1,
      counts: {
        ...counts,
        rows: counts.rows + added.rows,
        published: counts.published + added.published,
        rejected: counts.rejected + rejected,
      },
    };
    return result;
  }

  #stored(submission: string): Stored {
    const stored = this.submissions.get(submission);
    if (!stored) throw new XinlianError('NOT_FOUND', { what: 'submission', id: submission });
    return stored;
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new XinlianError('CANCELLED', { what: 'call' })), { once: true });
  });
}

async function entryProofOfPaper(): Promise<object> {
  const { type: _, payload: _payload, disclosures: _disclosures, ...proof } = (await completeBundle()).bundle;
  return { ...proof, cosignatures: '— witness AAAAAAAA\n' };
}

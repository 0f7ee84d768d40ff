// Batch jobs: the gateway cuts rows into chunks and carries them to the caller's own node, which does the rest.
import { concat, utf8 } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { MemberId } from '../../node/core/ids.ts';
import { jobRead, jobRef, jobRows, jobState, type JobState } from '../../node/core/job.ts';
import { encodeParcel } from '../../node/core/messages/codec.ts';
import { addressed } from '../../node/core/messages/node.ts';
import type { JobView } from '../api/jobs.ts';
import { DEFAULT_PAGE } from '../api/limits.ts';
import { beijingTime } from '../beijing-time.ts';
import { HomeNode } from '../home-node.ts';
import type { NodeCaller } from '../ports.ts';
import { chunksOf } from '../publish/submit.ts';
import type { Handlers } from './handler.ts';
import { piecesOf } from './request-pieces.ts';

/** A result file is read from the node in parts of this size. */
const PART = 256 * 1024;

const NOTHING = new Uint8Array(0);

export function jobRoutes({ nodeTimeoutMs: timeoutMs }: { nodeTimeoutMs: number }, { nodes }: { nodes: NodeCaller }) {
  async function stateOf(
    member: MemberId,
    method: 'job/state' | 'job/cancel',
    job: string,
    signal: AbortSignal,
  ): Promise<JobState> {
    return jobState.decode(await nodes.call(member, method, jobRef.encode({ member, job }), { signal, timeoutMs }));
  }

  return {
    async createJob({ caller: { member }, body, signal, header }) {
      const argument = encodeParcel(addressed.encode({ member }), utf8(body.job));
      const state = jobState.decode(await nodes.call(member, 'job/open', argument, { signal, timeoutMs }));
      header('location', `/v1/jobs/${state.job}`);
      return viewOf(state);
    },

    async sendJobRows({ caller: { member }, params: { job }, body, signal }) {
      const send = async (index: number, pieces: readonly Uint8Array[], last: boolean): Promise<JobState> => {
        const parcel = concat(encodeParcel(jobRows.encode({ member, job, index, last }), NOTHING), ...pieces);
        return jobState.decode(await nodes.call(member, 'job/rows', parcel, { signal, timeoutMs }));
      };
      // One is held back: the last one says that it is.
      let index = 0;
      let held: readonly Uint8Array[] | undefined;
      for await (const { pieces } of chunksOf(piecesOf(body))) {
        if (held) await send(index++, held, false);
        held = pieces;
      }
      return viewOf(await send(index, held ?? [], true));
    },

    async listJobs({ caller: { member }, query: { limit = DEFAULT_PAGE, cursor }, signal }) {
      const home = new HomeNode(member, { timeoutMs }, nodes);
      const { jobs, next } = await home.jobs({ limit, ...(cursor !== undefined && { after: cursor }) }, signal);
      return { items: jobs.map(viewOf), ...(next !== undefined && { next }) };
    },

    async getJob({ caller, params, signal }) {
      return viewOf(await stateOf(caller.member, 'job/state', params.job, signal));
    },

    async getJobResult({ caller: { member }, params: { job }, signal }) {
      const { state, resultBytes, sha256 } = await stateOf(member, 'job/state', job, signal);
      if (sha256 === undefined)
        throw new XinlianError('CONFLICT', { what: `job ${job}`, wanted: 'one that has ended', got: state });
      return {
        size: resultBytes,
        sha256,
        async *read(from: number, to: number) {
          for (let offset = from; offset < to; offset += PART) {
            const length = Math.min(PART, to - offset);
            const argument = jobRead.encode({ member, job, offset, length });
            yield await nodes.call(member, 'job/result', argument, { signal, timeoutMs });
          }
        },
      };
    },

    async cancelJob({ caller, params, signal }) {
      return viewOf(await stateOf(caller.member, 'job/cancel', params.job, signal));
    },
  } satisfies Partial<Handlers>;
}

function viewOf({ created, ended, keptUntil, ...state }: JobState): JobView {
  return {
    ...state,
    created: beijingTime(created),
    ...(ended !== undefined && { ended: beijingTime(ended) }),
    ...(keptUntil !== undefined && { keptUntil: beijingTime(keptUntil) }),
  };
}

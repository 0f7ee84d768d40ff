// Batch jobs: their state, their rows until they are judged, their result files in blocks of one size.
import { concat, fromBase64Url, fromHex, fromUtf8, toHex, utf8 } from '../core/bytes.ts';
import type { JobState } from '../core/job.ts';
import { parseMemberId, type MemberId } from '../core/ids.ts';
import { key } from './buckets.ts';
import type { Batch, Store } from './store.ts';

/** See `StoredJob` in the exchange's ports. */
interface StoredJob {
  manifest: string;
  state: JobState;
  judged: number;
  columns?: string[];
}

const DIGEST_BYTES = 32;
const MEMBER_BYTES = 32;
const NOTHING = new Uint8Array();
const LAST = new Uint8Array(17).fill(0xff);

export class LevelJobStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  job(member: MemberId, id: string): StoredJob | undefined {
    const value = this.#store.get('job', place(member, id));
    return value && (JSON.parse(fromUtf8(value)) as StoredJob);
  }

  putJob(batch: Batch, member: MemberId, job: StoredJob): void {
    batch.put('job', place(member, job.state.job), utf8(JSON.stringify(job)));
  }

  async *jobs(): AsyncGenerator<[MemberId, StoredJob]> {
    for await (const [at, value] of this.#store.entries('job'))
      yield [parseMemberId(toHex(at.subarray(0, MEMBER_BYTES))), JSON.parse(fromUtf8(value)) as StoredJob];
  }

  async *ofMember(member: MemberId, after?: string): AsyncGenerator<StoredJob> {
    const own = fromHex(member, MEMBER_BYTES);
    const from = after === undefined ? own : key(place(member, after), new Uint8Array(1));
    for await (const [, value] of this.#store.entries('job', { from, to: key(own, LAST) }))
      yield JSON.parse(fromUtf8(value)) as StoredJob;
  }

  chunk(member: MemberId, id: string, index: number): { digest: Uint8Array; sealed: Uint8Array } | undefined {
    const value = this.#store.get('jobChunk', key(place(member, id), { u32: index }));
    return value && { digest: value.subarray(0, DIGEST_BYTES), sealed: value.subarray(DIGEST_BYTES) };
  }

  /** @param sealed absent once its rows are judged: only what they were is remembered */
  putChunk(batch: Batch, member: MemberId, id: string, index: number, digest: Uint8Array, sealed = NOTHING): void {
    batch.put('jobChunk', key(place(member, id), { u32: index }), concat(digest, sealed));
  }

  block(member: MemberId, id: string, index: number): Uint8Array | undefined {
    return this.#store.get('jobResult', key(place(member, id), { u32: index }));
  }

  putBlock(batch: Batch, member: MemberId, id: string, index: number, bytes: Uint8Array): void {
    batch.put('jobResult', key(place(member, id), { u32: index }), bytes);
  }

  forget(batch: Batch, member: MemberId, { job, chunks }: JobState, blocks: number): void {
    const at = place(member, job);
    for (let index = 0; index < chunks; index++) batch.delete('jobChunk', key(at, { u32: index }));
    for (let index = 0; index < blocks; index++) batch.delete('jobResult', key(at, { u32: index }));
    batch.delete('job', at);
  }
}

function place(member: MemberId, id: string): Uint8Array {
  return key(fromHex(member, MEMBER_BYTES), fromBase64Url(id, 16));
}

// Submissions: files or streams of rows, chunk by chunk, each chunk taken whole and once.
import { concat, equalBytes } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import type { MemberId } from '../core/ids.ts';
import {
  chunkResult,
  type ChunkHeader,
  type ChunkResult,
  type Counts,
  type OpenSubmission,
  type SubmissionState,
} from '../core/messages/publish.ts';
import type { Catalogue } from '../policy/pack.ts';
import { sha256 } from '#sha256';
import type { GroupCommit } from './group-commit.ts';
import type { Clock, SubmissionStore, WriteBatch } from './ports.ts';
import { countOutcomes, type Publisher } from './publisher.ts';
import type { PreparedRow, PrepareRequest } from './row-preparer.ts';
import type { AgencyLog } from './agency-log.ts';
import type { RecordVault } from './vault.ts';
import { chinaDate } from '../policy/date.ts';

/** Largest chunk. It is worked on in one go: senders do well with 64 KiB. */
export const MAX_CHUNK_BYTES = 1 << 20;

/** Answers of a closed submission are kept this long; after that, a chunk that is sent again is refused. */
const ANSWERS_KEPT_MS = 7 * 24 * 3_600_000;
/** Submissions whose answers are deleted when one is closed: more than one, so that the old ones run out. */
const FORGOTTEN_AT_ONCE = 4;

const DIGEST_BYTES = 32;

const NO_ROWS: Counts = { rows: 0, published: 0, corrected: 0, unchanged: 0, rejected: 0 };

type Batch = WriteBatch & { readonly length: number };

/** A member, with the parts of the node that are its own. */
export interface Publishing<B extends WriteBatch> {
  /** USCC of the member: the records' `agency`. */
  agency: string;
  log: AgencyLog<B>;
  vault: RecordVault;
}

/** Prepares rows of a member, here or beside this thread; requests of one member are begun in their order. */
export interface Preparer {
  prepare(member: MemberId, request: PrepareRequest): Promise<PreparedRow[]>;
}

/** Chunks of a submission that arrived and are not staged yet. */
interface Arriving {
  /** Index of the chunk that may arrive next. */
  next: number;
  /** Ends when the last of them is staged, or is not taken. */
  last: Promise<unknown>;
}

interface Chunk {
  index: number;
  /** SHA-256 of the body. */
  digest: Uint8Array;
  body: Uint8Array;
}

/** The answer to a chunk, with what tells another chunk in its place. */
interface ChunkAnswer extends Pick<Chunk, 'digest'> {
  result: ChunkResult;
}

/** A chunk in its batch. */
interface Staged {
  /** Resolves when the batch is durable. */
  durable: Promise<ChunkAnswer>;
}

export class Submissions<B extends Batch> {
  readonly #store: SubmissionStore<B>;
  readonly #preparer: Preparer;
  readonly #publisher: Publisher<B>;
  readonly #commits: GroupCommit<B>;
  readonly #catalogue: Catalogue;
  readonly #clock: Clock;
  readonly #counted: (counts: Counts) => void;
  /** Submissions as they are staged, until the disk has them so. */
  readonly #staged = new Map<string, SubmissionState>();
  readonly #arriving = new Map<string, Arriving>();
  /** Chunks on their way to the disk: sent again meanwhile, they get the same answer. */
  readonly #inFlight = new Map<string, Promise<ChunkAnswer>>();

  constructor(dependencies: {
    store: SubmissionStore<B>;
    preparer: Preparer;
    publisher: Publisher<B>;
    commits: GroupCommit<B>;
    catalogue: Catalogue;
    clock: Clock;
    /** Told what became of rows that were no dry run, for metrics. */
    counted: (counts: Counts) => void;
  }) {
    this.#store = dependencies.store;
    this.#preparer = dependencies.preparer;
    this.#publisher = dependencies.publisher;
    this.#commits = dependencies.commits;
    this.#catalogue = dependencies.catalogue;
    this.#clock = dependencies.clock;
    this.#counted = dependencies.counted;
  }

  /** Opens a submission, or goes on with it. Throws `CONFLICT` where the id is taken by another kind of submission. */
  async open(member: MemberId, { submission, item, dryRun }: OpenSubmission): Promise<SubmissionState> {
    const wanted = this.#catalogue.item(item).item;
    const known = this.#state(member, submission);
    if (known) {
      if (known.item !== wanted || known.dryRun !== dryRun) {
        const got = `${wanted}${dryRun ? ', dry run' : ''}`;
        throw new XinlianError('CONFLICT', {
          what: `submission ${submission}`,
          wanted: `${known.item}${known.dryRun ? ', dry run' : ''}`,
          got,
        });
      }
      await this.#durable(member, submission);
      return known;
    }
    const state = { submission, item: wanted, dryRun, next: 0, closed: false, counts: NO_ROWS };
    await this.#save(member, state);
    return state;
  }

  /** Throws `NOT_FOUND`. */
  state(member: MemberId, submission: string): SubmissionState {
    const state = this.#state(member, submission);
    if (!state) throw new XinlianError('NOT_FOUND', { what: 'submission', id: submission });
    return state;
  }

  /**
   * Takes a chunk of whole lines. One that was taken before is answered as before.
   * @returns when every good row in it is durable
   * @throws CONFLICT out of order or behind the end, TOO_LARGE
   */
  async chunk(
    publishing: Publishing<B>,
    member: MemberId,
    { submission, index }: ChunkHeader,
    body: Uint8Array,
  ): Promise<ChunkResult> {
    if (body.length > MAX_CHUNK_BYTES)
      throw new XinlianError('TOO_LARGE', { what: 'chunk', limit: MAX_CHUNK_BYTES, got: body.length });
    await this.#commits.ready();
    const state = this.state(member, submission);
    const place = `${member}/${submission}/${index}`;
    const next = this.#arriving.get(`${member}/${submission}`)?.next ?? state.next;
    const digest = sha256(body);
    if (index < next) {
      const answer = (await this.#inFlight.get(place)) ?? this.#answer(publishing, member, state, index);
      // An empty body only asks. Another one than before is another file under an id that is taken.
      if (body.length > 0 && !equalBytes(answer.digest, digest)) {
        const what = `chunk ${index} of submission ${submission}`;
        throw new XinlianError('CONFLICT', { what, wanted: 'the rows that it had before', got: 'others' });
      }
      return answer.result;
    }
    if (state.closed || index > next) refuseChunk(state, index, next);
    const taken = this.#take(publishing, member, state, { index, digest, body });
    this.#inFlight.set(place, taken);
    try {
      return (await taken).result;
    } finally {
      this.#inFlight.delete(place);
    }
  }

  /** Ends a submission; nothing more is taken. Closed again, it stays as it is. */
  async close(member: MemberId, submission: string): Promise<SubmissionState> {
    const time = this.#clock.now();
    const old = await this.#store.closedBefore(time - ANSWERS_KEPT_MS, FORGOTTEN_AT_ONCE);
    const state = this.state(member, submission);
    if (state.closed) {
      await this.#durable(member, submission);
      return state;
    }
    const ended = { ...state, closed: true };
    await this.#save(member, ended, (batch) => {
      for (const forgotten of old) this.#store.forgetChunks(batch, forgotten);
      this.#store.putClosed(batch, { member, submission, time, chunks: ended.next });
    });
    return ended;
  }

  #answer({ vault }: Publishing<B>, member: MemberId, { submission }: SubmissionState, index: number): ChunkAnswer {
    const sealed = this.#store.chunk(member, submission, index);
    if (sealed) {
      const answer = vault.openNote(sealed, `${member}/${submission}/${index}`);
      const [digest, result] = [answer.subarray(0, DIGEST_BYTES), answer.subarray(DIGEST_BYTES)];
      return { digest, result: chunkResult.decode(result) };
    }
    const got = `chunk ${index} again, whose answer is kept no longer`;
    throw new XinlianError('CONFLICT', { what: `submission ${submission}`, wanted: 'a submission of late', got });
  }

  /** Prepares the chunk at once, and stages it behind those before it. */
  async #take(
    publishing: Publishing<B>,
    member: MemberId,
    { submission, item, dryRun }: SubmissionState,
    chunk: Chunk,
  ): Promise<ChunkAnswer> {
    const { index, body } = chunk;
    const place = `${member}/${submission}`;
    const before = this.#arriving.get(place)?.last;
    const { agency } = publishing;
    const today = chinaDate(this.#clock.now());
    const prepared = this.#preparer.prepare(member, { agency, item, today, seal: !dryRun, body });
    const staged = (async (): Promise<Staged> => {
      // Where one is not taken, none behind it is. What becomes of both is waited for: neither may fail unheard.
      const [rows, previous] = await Promise.allSettled([prepared, before]);
      if (rows.status === 'rejected') throw rows.reason;
      const state = this.state(member, submission);
      if (previous.status === 'rejected' || state.closed || state.next !== index) refuseChunk(state, index, state.next);
      return { durable: this.#stageChunk(publishing, member, state, chunk, rows.value) };
    })();
    this.#arriving.set(place, { next: index + 1, last: staged });
    try {
      const { durable } = await staged;
      return await durable;
    } finally {
      if (this.#arriving.get(place)?.last === staged) this.#arriving.delete(place);
    }
  }

  async #stageChunk(
    { log, vault }: Publishing<B>,
    member: MemberId,
    state: SubmissionState,
    { index, digest }: Chunk,
    rows: readonly PreparedRow[],
  ): Promise<ChunkAnswer> {
    const { submission, dryRun } = state;
    const item = this.#catalogue.item(state.item);
    const { result, settle } = await this.#stage(member, (batch) => {
      const firstRow = state.counts.rows + 1;
      const { outcomes, settle } = this.#publisher.stage(dryRun ? undefined : batch, log, item, rows, firstRow);
      const result = { index, counts: countOutcomes(outcomes), outcomes };
      const answer = vault.sealNote(concat(digest, chunkResult.encode(result)), `${member}/${submission}/${index}`);
      this.#store.putChunk(batch, member, submission, index, answer);
      return { next: { ...state, next: index + 1, counts: add(state.counts, result.counts) }, result, settle };
    });
    settle();
    if (!dryRun) this.#counted(result.counts);
    return { digest, result };
  }

  #state(member: MemberId, submission: string): SubmissionState | undefined {
    return this.#staged.get(`${member}/${submission}`) ?? this.#store.submission(member, submission);
  }

  async #save(member: MemberId, next: SubmissionState, also: (batch: B) => void = () => {}): Promise<void> {
    await this.#stage(member, (batch) => {
      also(batch);
      return { next };
    });
  }

  /** Stages what `stage` adds together with the submission's next state; resolves when both are durable. */
  async #stage<T extends { next: SubmissionState }>(member: MemberId, stage: (batch: B) => T): Promise<T> {
    const staged = await this.#commits.run((batch) => {
      const staged = stage(batch);
      this.#store.putSubmission(batch, member, staged.next);
      this.#staged.set(`${member}/${staged.next.submission}`, staged.next);
      return staged;
    });
    const place = `${member}/${staged.next.submission}`;
    if (this.#staged.get(place) === staged.next) this.#staged.delete(place);
    return staged;
  }

  /** Resolves when what is known of a submission is durable: batches are committed in order. */
  async #durable(member: MemberId, submission: string): Promise<void> {
    if (this.#staged.has(`${member}/${submission}`)) await this.#commits.run(() => {});
  }
}

function refuseChunk({ submission, closed }: SubmissionState, index: number, next: number): never {
  const wanted = closed ? 'nothing more: it is closed' : `chunk ${next}`;
  throw new XinlianError('CONFLICT', { what: `submission ${submission}`, wanted, got: `chunk ${index}` });
}

function add(a: Counts, b: Counts): Counts {
  return {
    rows: a.rows + b.rows,
    published: a.published + b.published,
    corrected: a.corrected + b.corrected,
    unchanged: a.unchanged + b.unchanged,
    rejected: a.rejected + b.rejected,
  };
}

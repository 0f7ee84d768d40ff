// Batch jobs: rows are durable when they are taken, judged chunk by chunk, and what comes of a chunk is written with the
// note that it is judged, in one batch: a node that is killed goes on where it was, with nothing twice and nothing left
// out. Memory holds a chunk at a time, however long the file. Rows at rest are sealed to the vault, results to the asker.
import { createHash } from 'node:crypto';
import { verifyMemberStatement } from '../core/application.ts';
import { concat, equalBytes, toBase64, utf8 } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import type { MemberId } from '../core/ids.ts';
import {
  JOB_KEPT_SECONDS,
  JOB_SECONDS,
  MAX_JOB_ROWS,
  parseJob,
  type JobRows,
  type JobsPage,
  type JobsRequest,
  type JobState,
} from '../core/job.ts';
import { sealJwe, type Agreement } from '../core/jwe.ts';
import { p256Point } from '../core/jwk.ts';
import type { QueryResult } from '../core/query.ts';
import { checkGrant } from './check-grant.ts';
import type { GroupCommit } from './group-commit.ts';
import { queryLine, readQueries, readRows, resultHead, resultLine, type JudgedRow, type ReadRow } from './job-rows.ts';
import type { Withdrawals } from './judge-grant.ts';
import type { Clock, GrantView, JobStore, Log, StoredJob, WriteBatch } from './ports.ts';
import type { QueryRunner } from './query-runner.ts';
import type { RecordVault } from './vault.ts';

/** Result files are kept in blocks of this size: any part of one is found at once. */
export const RESULT_BLOCK = 64 * 1024;

/** Jobs of one member that are not ended. */
const MOST_OPEN = 8;
/** Queries of one job under way at the same time. */
const QUERIES_AT_ONCE = 16;
/** Between two looks for jobs that are kept no longer. */
const SWEEP_MS = 3_600_000;
/** While a stale view of the chain cannot judge anything. */
const STALE_WAIT_MS = 1_000;

type Batch = WriteBatch & { readonly length: number };

/** A hosted member, as far as it has jobs done. */
export interface JobMember {
  id: MemberId;
  vault: RecordVault;
  sealing: Agreement;
}

interface Dependencies<B extends Batch> {
  store: JobStore<B>;
  commits: GroupCommit<B>;
  view: GrantView;
  withdrawals: Withdrawals;
  failClosedSeconds: number;
  member: (id: MemberId) => JobMember;
  queries: Pick<QueryRunner<B>, 'run'>;
  clock: Clock & { sleep(ms: number, signal?: AbortSignal): Promise<void> };
  logger: Log;
}

/** What came of a chunk. */
interface Advance {
  lines: readonly Pick<JudgedRow, 'outcome'>[];
  text: string;
  /** Of a CSV file. */
  columns?: readonly string[] | undefined;
}

export class Jobs<B extends Batch> {
  readonly #needs: Dependencies<B>;
  /** Jobs that are not ended, by member and id. */
  readonly #open = new Map<string, { member: MemberId; job: StoredJob }>();
  /** What is done to a job is done in turn. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #stop = new AbortController();
  #work: Promise<void> | undefined;
  /** Whether something may have come since it last looked. */
  #again = false;
  #sweeping: NodeJS.Timeout | undefined;

  private constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Goes on with what was not ended, once it is started. */
  static async open<B extends Batch>(dependencies: Dependencies<B>): Promise<Jobs<B>> {
    const jobs = new Jobs(dependencies);
    for await (const [member, job] of dependencies.store.jobs()) {
      if (job.state.ended === undefined) jobs.#open.set(nameOf(member, job.state.job), { member, job });
    }
    return jobs;
  }

  start(): void {
    this.#wake();
    const sweep = (): void => {
      this.#sweep().catch((error: unknown) => this.#needs.logger.error({ err: error }, 'old jobs were not forgotten'));
    };
    sweep();
    this.#sweeping = setInterval(sweep, SWEEP_MS);
    this.#sweeping.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#sweeping);
    this.#stop.abort(new XinlianError('CLOSED', { what: 'jobs' }));
    await this.#work;
  }

  /**
   * Opens a job. The same again changes nothing.
   * @param manifest compact JWS
   * @throws UNAUTHENTICATED, SIGNATURE_INVALID, MALFORMED, MEMBER_NOT_ENTITLED, OVERLOADED; CONFLICT for another under the id
   */
  async create({ id }: JobMember, text: string): Promise<JobState> {
    const { manifest, jws } = parseJob(text);
    const { view, clock, store, commits } = this.#needs;
    const now = Math.floor(clock.now() / 1000);
    await verifyMemberStatement(jws, manifest.iss, view.currentKey(id, 'client'), now);
    if (manifest.iss !== id || manifest.aud !== id)
      throw new XinlianError('UNAUTHENTICATED', { reason: `the job is of ${manifest.iss} for ${manifest.aud}` });
    const known = store.job(id, manifest.jti);
    if (known) {
      if (known.manifest === text) return known.state;
      const what = `job ${manifest.jti}`;
      throw new XinlianError('CONFLICT', { what, wanted: 'the job that it was before', got: 'another' });
    }
    if (manifest.iat > now + 60 || manifest.exp <= now || manifest.exp - manifest.iat > JOB_SECONDS)
      throw new XinlianError('UNAUTHENTICATED', { reason: `the job is of ${manifest.iat} to ${manifest.exp}` });
    if (!view.isEntitledNow(id, ['bank']))
      throw new XinlianError('MEMBER_NOT_ENTITLED', { member: id, wanted: 'active, bank', got: 'another' });
    p256Point(manifest.reply);
    const open = [...this.#open.values()].filter(({ member }) => member === id).length;
    if (open >= MOST_OPEN)
      throw new XinlianError('OVERLOADED', { what: `${open} jobs that are not ended`, retryAfterSeconds: 30 });
    const { jti, kind, format } = manifest;
    const none = { chunks: 0, received: 0, rows: 0, ok: 0, refused: 0, bad: 0, resultBytes: 0 };
    const job: StoredJob = {
      manifest: text,
      state: { job: jti, kind, format, state: 'receiving', ...none, created: now },
      judged: 0,
    };
    this.#open.set(nameOf(id, jti), { member: id, job });
    await commits.run((batch) => store.putJob(batch, id, job));
    return job.state;
  }

  /**
   * Takes a chunk of whole lines. One that was taken before changes nothing.
   * @returns when it is durable
   * @throws NOT_FOUND; CONFLICT out of order, behind the end, or with other rows than before; TOO_LARGE for too many rows
   */
  take(member: JobMember, { job: id, index, last }: JobRows, body: Uint8Array): Promise<JobState> {
    return this.#inTurn(member.id, id, async () => {
      const { store } = this.#needs;
      const job = this.#job(member.id, id);
      const { state } = job;
      const digest = createHash('sha256')
        .update(last ? '1' : '0')
        .update(body)
        .digest();
      const before = store.chunk(member.id, id, index);
      if (before) {
        if (equalBytes(before.digest, digest)) return state;
        throw new XinlianError('CONFLICT', { what: `rows ${index}`, wanted: 'those of the first time', got: 'others' });
      }
      if (state.state !== 'receiving' || index !== state.chunks) {
        const wanted = state.state === 'receiving' ? `chunk ${state.chunks}` : `nothing more: it is ${state.state}`;
        throw new XinlianError('CONFLICT', { what: `job ${id}`, wanted, got: `chunk ${index}` });
      }
      const received = state.received + lineCount(body);
      if (received > MAX_JOB_ROWS)
        throw new XinlianError('TOO_LARGE', { what: 'rows of a job', limit: MAX_JOB_ROWS, got: received });
      const next = { ...state, chunks: index + 1, received, state: last ? ('running' as const) : state.state };
      const sealed = member.vault.sealNote(body, chunkPlace(member.id, id, index));
      await this.#save(member.id, { ...job, state: next }, (batch) =>
        store.putChunk(batch, member.id, id, index, digest, sealed),
      );
      this.#wake();
      return next;
    });
  }

  /** Throws `NOT_FOUND`. */
  state({ id }: JobMember, job: string): JobState {
    return this.#job(id, job).state;
  }

  /** Those of a member, by id. */
  async list(member: MemberId, { after, limit }: JobsRequest): Promise<JobsPage> {
    const jobs: JobState[] = [];
    for await (const { state } of this.#needs.store.ofMember(member, after)) {
      if (jobs.length === limit) return { jobs, next: jobs.at(-1)?.job ?? state.job };
      jobs.push(state);
    }
    return { jobs };
  }

  /** Ends a job that is not ended; what was judged by then stays in its result file. Throws `NOT_FOUND`. */
  cancel({ id: member }: JobMember, id: string): Promise<JobState> {
    return this.#inTurn(member, id, async () => {
      const job = this.#job(member, id);
      if (job.state.ended !== undefined) return job.state;
      return this.#end(member, job, 'cancelled');
    });
  }

  /** A part of the result file; shorter at its end. Throws `NOT_FOUND`. */
  read({ id: member }: JobMember, id: string, offset: number, length: number): Uint8Array {
    const { resultBytes } = this.#job(member, id).state;
    const end = Math.min(offset + length, resultBytes);
    const parts: Uint8Array[] = [];
    for (let at = offset; at < end;) {
      const start = at % RESULT_BLOCK;
      const block = this.#block(member, id, Math.floor(at / RESULT_BLOCK)).subarray(start, start + end - at);
      parts.push(block);
      at += block.length;
    }
    return concat(...parts);
  }

  #block(member: MemberId, id: string, index: number): Uint8Array {
    const block = this.#needs.store.block(member, id, index);
    if (block && block.length > 0) return block;
    throw new XinlianError('STORE_CORRUPT', { what: `result of job ${id}`, wanted: `block ${index}`, got: 'none' });
  }

  #job(member: MemberId, id: string): StoredJob {
    const job = this.#open.get(nameOf(member, id))?.job ?? this.#needs.store.job(member, id);
    if (!job) throw new XinlianError('NOT_FOUND', { what: 'job', id });
    return job;
  }

  async #inTurn<T>(member: MemberId, id: string, work: () => Promise<T>): Promise<T> {
    const name = nameOf(member, id);
    const before = this.#turns.get(name) ?? Promise.resolve();
    const own = before.then(work, work);
    this.#turns.set(name, own);
    try {
      return await own;
    } finally {
      if (this.#turns.get(name) === own) this.#turns.delete(name);
    }
  }

  /** In memory when it is on the disk. */
  async #save(member: MemberId, job: StoredJob, more: (batch: B) => void): Promise<void> {
    const { store, commits } = this.#needs;
    await commits.run((batch) => {
      store.putJob(batch, member, job);
      more(batch);
    });
    const name = nameOf(member, job.state.job);
    if (job.state.ended === undefined) this.#open.set(name, { member, job });
    else this.#open.delete(name);
  }

  #wake(): void {
    this.#again = true;
    this.#work ??= this.#run().finally(() => {
      this.#work = undefined;
      // Something came while it was ending.
      if (this.#again && !this.#stop.signal.aborted) this.#wake();
    });
  }

  /** A chunk of each job that has one, until none has: a short job does not wait for a long one. */
  async #run(): Promise<void> {
    const { clock, logger } = this.#needs;
    for (let worked = true; (worked || this.#again) && !this.#stop.signal.aborted;) {
      this.#again = false;
      worked = false;
      for (const { member, job } of this.#open.values()) {
        const { judged, state } = job;
        if (this.#stop.signal.aborted || (judged >= state.chunks && state.state !== 'running')) continue;
        try {
          worked = (await this.#inTurn(member, state.job, () => this.#advance(member, state.job))) || worked;
        } catch (error) {
          if (this.#stop.signal.aborted) return;
          logger.error({ err: error, job: state.job }, 'a job does not go on; it is tried again');
          await clock.sleep(STALE_WAIT_MS, this.#stop.signal).catch(() => undefined);
          worked = true;
        }
      }
    }
  }

  /** Judges the next chunk, or ends the job behind its last. @returns whether there was something to do */
  async #advance(id: MemberId, name: string): Promise<boolean> {
    const job = this.#job(id, name);
    const { judged, state } = job;
    if (state.ended !== undefined) return false;
    if (judged >= state.chunks) {
      if (state.state !== 'running') return false;
      await this.#end(id, job, 'done');
      return true;
    }
    const { store, view, failClosedSeconds, clock } = this.#needs;
    const head = view.head();
    const nowSeconds = Math.floor(clock.now() / 1000);
    if (!head || nowSeconds - head.time > failClosedSeconds) {
      // A whole file of CHAIN_STALE helps nobody: it waits for the chain.
      await clock.sleep(STALE_WAIT_MS, this.#stop.signal);
      return true;
    }
    const member = this.#needs.member(id);
    const chunk = store.chunk(id, name, judged);
    if (!chunk) throw new XinlianError('STORE_CORRUPT', { what: `job ${name}`, wanted: `rows ${judged}`, got: 'none' });
    const body = member.vault.openNote(chunk.sealed, chunkPlace(id, name, judged));
    const { lines, text, columns } = await (state.kind === 'queries'
      ? this.#ask(id, state, body)
      : this.#check(member, job, body, { head: head.number, nowSeconds }));
    const tally = (outcome: JudgedRow['outcome']): number => lines.filter((line) => line.outcome === outcome).length;
    const part = await this.#sealed(job, (judged === 0 ? resultHead(state.format) : '') + text);
    const next: JobState = {
      ...state,
      rows: state.rows + lines.length,
      ok: state.ok + tally('ok'),
      refused: state.refused + tally('refused'),
      bad: state.bad + tally('bad'),
      resultBytes: state.resultBytes + part.length,
    };
    const advanced = { ...job, state: next, judged: judged + 1, ...(columns && { columns: [...columns] }) };
    await this.#save(id, advanced, (batch) => {
      this.#append(batch, id, state, part);
      store.putChunk(batch, id, name, judged, chunk.digest);
    });
    return true;
  }

  async #check(
    { id, sealing }: JobMember,
    { state, columns: known }: StoredJob,
    body: Uint8Array,
    at: { head: number; nowSeconds: number },
  ): Promise<Advance> {
    const { rows: read, columns } = await readRows(body, state.format, known, sealing);
    const rows = atMost(MAX_JOB_ROWS - state.rows, read);
    const lines = rows.map((row, i) => this.#judge(row, state.rows + i + 1, id, at));
    return { lines, text: lines.map((line) => resultLine(state.format, line)).join(''), columns };
  }

  /** Some at the same time; a chunk that is cut off is asked anew as it was, and answered as before. */
  async #ask(id: MemberId, { rows: before }: JobState, body: Uint8Array): Promise<Advance> {
    const read = readQueries(body);
    const lines: QueryResult[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let i = next++; i < read.length; i = next++) {
        const one = read[i];
        if (!one) return;
        const ran = 'query' in one ? await this.#needs.queries.run(id, one.query, this.#stop.signal) : undefined;
        lines[i] = queryLine(before + i + 1, one, ran);
      }
    };
    await Promise.all(Array.from({ length: QUERIES_AT_ONCE }, worker));
    return { lines, text: lines.map((line) => `${JSON.stringify(line)}\n`).join('') };
  }

  #judge(row: ReadRow, number: number, caller: MemberId, at: { head: number; nowSeconds: number }): JudgedRow {
    if ('fault' in row) return { row: number, outcome: 'bad', fault: row.fault };
    const { view, withdrawals, failClosedSeconds } = this.#needs;
    const result = checkGrant(row.check, caller, view, withdrawals, { nowSeconds: at.nowSeconds, failClosedSeconds });
    return { row: number, outcome: result.ok ? 'ok' : 'refused', result, block: at.head };
  }

  /** A line of the result file: what it says, sealed to the asker. */
  async #sealed({ manifest }: StoredJob, text: string): Promise<Uint8Array> {
    if (text === '') return new Uint8Array();
    const { reply } = parseJob(manifest).manifest;
    return utf8(`${await sealJwe(utf8(text), p256Point(reply), 'text/plain')}\n`);
  }

  #append(batch: B, id: MemberId, { job, resultBytes }: JobState, part: Uint8Array): void {
    const { store } = this.#needs;
    const first = Math.floor(resultBytes / RESULT_BLOCK);
    const held = resultBytes % RESULT_BLOCK === 0 ? new Uint8Array() : this.#block(id, job, first);
    const bytes = concat(held, part);
    for (let at = 0; at < bytes.length; at += RESULT_BLOCK)
      store.putBlock(batch, id, job, first + at / RESULT_BLOCK, bytes.subarray(at, at + RESULT_BLOCK));
  }

  async #end(member: MemberId, job: StoredJob, how: 'done' | 'cancelled'): Promise<JobState> {
    const { state } = job;
    const ended = Math.floor(this.#needs.clock.now() / 1000);
    const hash = createHash('sha256');
    for (let at = 0, index = 0; at < state.resultBytes; index++) {
      const block = this.#block(member, state.job, index);
      hash.update(block);
      at += block.length;
      // Other work of the node has its turn in between.
      if (index % 16 === 15) await new Promise((resolve) => setImmediate(resolve));
    }
    const sha256 = toBase64(hash.digest());
    const next: JobState = { ...state, state: how, sha256, ended, keptUntil: ended + JOB_KEPT_SECONDS };
    await this.#save(member, { ...job, state: next }, (batch) => {
      // Rows that were not judged are nobody's business any more.
      for (let index = job.judged; index < state.chunks; index++) {
        const chunk = this.#needs.store.chunk(member, state.job, index);
        if (chunk) this.#needs.store.putChunk(batch, member, state.job, index, chunk.digest);
      }
    });
    return next;
  }

  async #sweep(): Promise<void> {
    const { store, commits, clock } = this.#needs;
    const now = clock.now() / 1000;
    for await (const [member, { state }] of store.jobs()) {
      if (this.#stop.signal.aborted) return;
      const { keptUntil = state.created + JOB_KEPT_SECONDS } = state;
      if (keptUntil > now) continue;
      await this.#inTurn(member, state.job, async () => {
        await commits.run((batch) => store.forget(batch, member, state, Math.ceil(state.resultBytes / RESULT_BLOCK)));
        this.#open.delete(nameOf(member, state.job));
      });
    }
  }
}

function nameOf(member: MemberId, job: string): string {
  return `${member}/${job}`;
}

/** Rows of one place do not open at another. */
function chunkPlace(member: MemberId, job: string, index: number): string {
  return `job/${member}/${job}/${index}`;
}

/** A sealed line may have many rows: they are counted when they are read. */
function atMost(left: number, rows: ReadRow[]): ReadRow[] {
  if (rows.length <= left) return rows;
  const fault = { what: 'rows of a job', wanted: `at most ${MAX_JOB_ROWS}`, got: 'more: they are left out' };
  return [...rows.slice(0, Math.max(0, left)), { fault }];
}

function lineCount(body: Uint8Array): number {
  let lines = body.length > 0 && body.at(-1) !== 10 ? 1 : 0;
  for (const byte of body) if (byte === 10) lines++;
  return lines;
}

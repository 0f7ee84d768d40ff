// Submissions: files or streams of rows, chunk by chunk, each chunk taken whole and once.
import { fromUtf8 } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import type { ChunkHeader, ChunkResult, Counts, OpenSubmission, SubmissionState } from '../core/messages/publish.ts';
import type { MemberId } from '../core/ids.ts';
import type { Catalogue } from '../policy/pack.ts';
import type { GroupCommit } from './group-commit.ts';
import type { SubmissionStore, WriteBatch } from './ports.ts';
import { countOutcomes, type Publisher, type Publishing } from './publisher.ts';

/** Largest chunk, in bytes. A chunk is worked on in one go: senders do well with 64 KiB. */
export const MAX_CHUNK_BYTES = 1 << 20;

const NO_ROWS: Counts = { rows: 0, published: 0, corrected: 0, unchanged: 0, rejected: 0 };

type Batch = WriteBatch & { readonly length: number };

export class Submissions<B extends Batch> {
  readonly #store: SubmissionStore<B>;
  readonly #publisher: Publisher<B>;
  readonly #commits: GroupCommit<B>;
  readonly #catalogue: Catalogue;
  readonly #counted: (counts: Counts) => void;
  /** Open submissions as they are staged, ahead of the disk. */
  readonly #open = new Map<string, SubmissionState>();
  /** Chunks on their way to the disk: sent again meanwhile, they get the same answer. */
  readonly #inFlight = new Map<string, Promise<ChunkResult>>();

  constructor(dependencies: {
    store: SubmissionStore<B>;
    publisher: Publisher<B>;
    commits: GroupCommit<B>;
    catalogue: Catalogue;
    /** Told what became of rows, for metrics. */
    counted: (counts: Counts) => void;
  }) {
    this.#store = dependencies.store;
    this.#publisher = dependencies.publisher;
    this.#commits = dependencies.commits;
    this.#catalogue = dependencies.catalogue;
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
    if (index < state.next) {
      const result = (await this.#inFlight.get(place)) ?? this.#store.chunk(member, submission, index);
      if (!result) throw new XinlianError('NOT_FOUND', { what: `chunk ${index} of submission`, id: submission });
      return result;
    }
    if (state.closed || index > state.next) {
      const wanted = state.closed ? 'nothing more: it is closed' : `chunk ${state.next}`;
      throw new XinlianError('CONFLICT', { what: `submission ${submission}`, wanted, got: `chunk ${index}` });
    }
    const taken = this.#take(publishing, member, state, index, body);
    this.#inFlight.set(place, taken);
    try {
      return await taken;
    } finally {
      this.#inFlight.delete(place);
    }
  }

  /** Ends a submission; nothing more is taken. Closed again, it stays as it is. */
  async close(member: MemberId, submission: string): Promise<SubmissionState> {
    const state = this.state(member, submission);
    if (state.closed) return state;
    const ended = { ...state, closed: true };
    await this.#save(member, ended);
    return ended;
  }

  async #take(
    publishing: Publishing<B>,
    member: MemberId,
    state: SubmissionState,
    index: number,
    body: Uint8Array,
  ): Promise<ChunkResult> {
    const rows = parseLines(body);
    const item = this.#catalogue.item(state.item);
    const { submission } = state;
    let settle = () => {};
    const result = await this.#commits.run((batch) => {
      const staged = this.#publisher.stage(
        state.dryRun ? undefined : batch,
        publishing,
        item,
        rows,
        state.counts.rows + 1,
      );
      settle = staged.settle;
      const result = { index, counts: countOutcomes(staged.outcomes), outcomes: staged.outcomes };
      const next = { ...state, next: index + 1, counts: add(state.counts, result.counts) };
      this.#open.set(`${member}/${submission}`, next);
      this.#store.putChunk(batch, member, submission, result);
      this.#store.putSubmission(batch, member, next);
      return result;
    });
    settle();
    this.#counted(result.counts);
    return result;
  }

  #state(member: MemberId, submission: string): SubmissionState | undefined {
    return this.#open.get(`${member}/${submission}`) ?? this.#store.submission(member, submission);
  }

  async #save(member: MemberId, state: SubmissionState): Promise<void> {
    const place = `${member}/${state.submission}`;
    await this.#commits.run((batch) => {
      this.#open.set(place, state);
      this.#store.putSubmission(batch, member, state);
    });
    if (this.#open.get(place) === state) this.#open.delete(place);
  }
}

/** Lines of NDJSON; an empty one is no row, and one that is no UTF-8 or no JSON stands as undefined. */
function parseLines(body: Uint8Array): unknown[] {
  const lenient = new TextDecoder('utf-8', { ignoreBOM: false });
  const text = lenient.decode(body);
  // U+FFFD stands where bytes were no UTF-8, or where the sender wrote it: only the bytes of the line can tell.
  const strict = text.includes('\uFFFD');
  const lines = strict ? splitLines(body).map(decodeLine) : text.split('\n');
  return lines.filter((line) => line !== '' && line !== '\r').map(parseLine);
}

function parseLine(line: string | undefined): unknown {
  if (line === undefined) return undefined;
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

function decodeLine(line: Uint8Array): string | undefined {
  try {
    return fromUtf8(line);
  } catch {
    return undefined;
  }
}

function splitLines(body: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let end = body.indexOf(10); end >= 0; end = body.indexOf(10, start)) {
    lines.push(body.subarray(start, end));
    start = end + 1;
  }
  lines.push(body.subarray(start));
  return lines;
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

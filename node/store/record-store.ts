// Records: their state, their sealed versions, and submissions.
import { fromBase64, fromHex, fromUtf8, toBase64, toBase64Url, toHex, utf8 } from '../core/bytes.ts';
import { parseMemberId, parseRecordId, type MemberId, type RecordId } from '../core/ids.ts';
import { submissionState, type SubmissionState } from '../core/messages/publish.ts';
import { key, u32At, u64At } from './buckets.ts';
import type { Batch, Store } from './store.ts';

/** See `StoredRecord` in the exchange's ports. */
interface RecordState {
  log: number;
  item: string;
  edition: string;
  digest: Uint8Array;
  versions: { position: number; time: number }[];
}

interface SealedParts {
  key: Uint8Array;
  claims: Uint8Array;
  personal?: Uint8Array;
}

/** See `ClosedSubmission` in the exchange's ports. */
interface ClosedSubmission {
  member: MemberId;
  submission: string;
  time: number;
  chunks: number;
}

const NOTHING = new Uint8Array();
const ID_BYTES = 16;
/** Behind every record id: the first bit of those is 0. */
const LAST_ID = new Uint8Array(ID_BYTES).fill(0xff);

export class LevelRecordStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  record(id: RecordId): RecordState | undefined {
    const value = this.#store.get('record', bytesOf(id));
    return value && decodeRecord(value);
  }

  async *records(after?: RecordId): AsyncGenerator<[RecordId, RecordState]> {
    for await (const [at, value] of this.#store.entries(
      'record',
      after === undefined ? {} : { from: bytesOf(after) },
    )) {
      const id = parseRecordId(toBase64Url(at));
      if (id !== after) yield [id, decodeRecord(value)];
    }
  }

  /** As one flat list: a million of these are kept, and most have one version. */
  putRecord(batch: Batch, id: RecordId, { log, item, edition, digest, versions }: RecordState): void {
    const flat = [log, item, edition, toBase64(digest), ...versions.flatMap(({ position, time }) => [position, time])];
    batch.put('record', bytesOf(id), utf8(JSON.stringify(flat)));
  }

  putVersion(batch: Batch, id: RecordId, version: number, parts: SealedParts): void {
    const place = key(bytesOf(id), { u32: version });
    batch.put('recordKey', place, parts.key).put('vault', place, parts.claims);
    if (parts.personal) batch.put('personal', place, parts.personal);
  }

  version(id: RecordId, version: number): SealedParts | undefined {
    const place = key(bytesOf(id), { u32: version });
    const [wrapped, claims, personal] = [
      this.#store.get('recordKey', place),
      this.#store.get('vault', place),
      this.#store.get('personal', place),
    ];
    if (!wrapped || !claims) return undefined;
    return { key: wrapped, claims, ...(personal && { personal }) };
  }

  putSubject(batch: Batch, log: number, subject: Uint8Array, id: RecordId): void {
    batch.put('subjectRecord', key({ u32: log }, subject, bytesOf(id)), NOTHING);
  }

  bySubject(log: number, subject: Uint8Array): AsyncGenerator<RecordId> {
    return this.#ids('subjectRecord', key({ u32: log }, subject));
  }

  putLookup(batch: Batch, log: number, lookup: Uint8Array, id: RecordId): void {
    batch.put('lookup', key({ u32: log }, lookup, bytesOf(id)), NOTHING);
  }

  byLookup(log: number, lookup: Uint8Array): AsyncGenerator<RecordId> {
    return this.#ids('lookup', key({ u32: log }, lookup));
  }

  async *#ids(bucket: 'subjectRecord' | 'lookup', place: Uint8Array): AsyncGenerator<RecordId> {
    for await (const [at] of this.#store.entries(bucket, { from: place, to: key(place, LAST_ID) }))
      yield parseRecordId(toBase64Url(at.subarray(-ID_BYTES)));
  }
}

export class LevelSubmissionStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  submission(member: MemberId, id: string): SubmissionState | undefined {
    const value = this.#store.get('submission', place(member, id));
    return value && submissionState.decode(value);
  }

  putSubmission(batch: Batch, member: MemberId, state: SubmissionState): void {
    batch.put('submission', place(member, state.submission), submissionState.encode(state));
  }

  chunk(member: MemberId, id: string, index: number): Uint8Array | undefined {
    return this.#store.get('chunk', chunkPlace(member, id, index));
  }

  putChunk(batch: Batch, member: MemberId, id: string, index: number, answer: Uint8Array): void {
    batch.put('chunk', chunkPlace(member, id, index), answer);
  }

  putClosed(batch: Batch, closed: ClosedSubmission): void {
    batch.put('closedSubmission', closedPlace(closed), key({ u32: closed.chunks }));
  }

  async closedBefore(time: number, limit: number): Promise<ClosedSubmission[]> {
    const closed: ClosedSubmission[] = [];
    for await (const [at, chunks] of this.#store.entries('closedSubmission', { to: key({ u64: time }), limit })) {
      closed.push({
        time: u64At(at, 0),
        member: parseMemberId(toHex(at.subarray(8, 40))),
        submission: fromUtf8(at.subarray(40)),
        chunks: u32At(chunks, 0),
      });
    }
    return closed;
  }

  forgetChunks(batch: Batch, closed: ClosedSubmission): void {
    const { member, submission, chunks } = closed;
    batch.delete('closedSubmission', closedPlace(closed));
    for (let index = 0; index < chunks; index++) batch.delete('chunk', chunkPlace(member, submission, index));
  }
}

function decodeRecord(value: Uint8Array): RecordState {
  const [log, item, edition, digest, ...versions] = JSON.parse(fromUtf8(value)) as [
    number,
    string,
    string,
    string,
    ...number[],
  ];
  const pairs = Array.from({ length: versions.length / 2 }, (_, i) => ({
    position: versions[2 * i] ?? 0,
    time: versions[2 * i + 1] ?? 0,
  }));
  return { log, item, edition, digest: fromBase64(digest, 32), versions: pairs };
}

/** A hot path: a `RecordId` was parsed, so this need not be strict. */
function bytesOf(id: RecordId): Uint8Array {
  return Buffer.from(id, 'base64url');
}

function place(member: MemberId, submission: string): Uint8Array {
  return key(fromHex(member, 32), utf8(submission));
}

function chunkPlace(member: MemberId, submission: string, index: number): Uint8Array {
  return key(place(member, submission), { u8: 0 }, { u32: index });
}

function closedPlace({ time, member, submission }: ClosedSubmission): Uint8Array {
  return key({ u64: time }, place(member, submission));
}

// Cases of objection and repair, sealed; found by member, by record, by subject.
import { fromBase64Url, fromHex, toBase64Url } from '../core/bytes.ts';
import type { MemberId, RecordId } from '../core/ids.ts';
import { key } from './buckets.ts';
import type { Batch, Store } from './store.ts';

const NOTHING = new Uint8Array();
const ID_BYTES = 16;
const PAST_ID = new Uint8Array(ID_BYTES + 1).fill(0xff);

/** See `CaseStore` in the exchange's ports. */
export class LevelCaseStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  file(member: MemberId, id: string): Uint8Array | undefined {
    return this.#store.get('case', key(fromHex(member, 32), bytesOf(id)));
  }

  putFile(batch: Batch, member: MemberId, id: string, sealed: Uint8Array): void {
    batch.put('case', key(fromHex(member, 32), bytesOf(id)), sealed);
  }

  /** Notes whose record and subject a new case is about. */
  putCase(batch: Batch, member: MemberId, id: string, about: { record: RecordId; subject: Uint8Array }): void {
    batch.put('recordCase', key(bytesOf(about.record), bytesOf(id)), NOTHING);
    batch.put('subjectCase', key(fromHex(member, 32), about.subject, bytesOf(id)), NOTHING);
  }

  async *cases(member: MemberId, after?: string): AsyncGenerator<string> {
    const place = fromHex(member, 32);
    const from = after === undefined ? place : key(place, bytesOf(after), { u8: 0 });
    for await (const [at] of this.#store.entries('case', { from, to: key(place, PAST_ID) })) yield idAt(at);
  }

  async *recordCases(record: RecordId): AsyncGenerator<string> {
    const place = bytesOf(record);
    for await (const [at] of this.#store.entries('recordCase', { from: place, to: key(place, PAST_ID) }))
      yield idAt(at);
  }

  async *subjectCases(member: MemberId, subject: Uint8Array): AsyncGenerator<string> {
    const place = key(fromHex(member, 32), subject);
    for await (const [at] of this.#store.entries('subjectCase', { from: place, to: key(place, PAST_ID) }))
      yield idAt(at);
  }
}

function bytesOf(id: string): Uint8Array {
  return fromBase64Url(id, ID_BYTES);
}

function idAt(at: Uint8Array): string {
  return toBase64Url(at.subarray(-ID_BYTES));
}

// White lists: those that hosted members push, with what each bank has not taken yet, and those that hosted banks were sent.
import { fromBase64Url, fromHex, fromUtf8, toBase64Url, utf8 } from '../core/bytes.ts';
import type { MemberId } from '../core/ids.ts';
import type { ListEvent, ReceivedEntry, ReceivedList } from '../core/messages/white-list.ts';
import { key } from './buckets.ts';
import type { Batch, Store } from './store.ts';

const ID_BYTES = 16;
/** Behind a key of this length, and before the next. */
const BEHIND = new Uint8Array(1);
const LAST = new Uint8Array(ID_BYTES + 1).fill(0xff);

export class LevelWhiteListStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  putList(batch: Batch, member: MemberId, list: string, sealed: Uint8Array): void {
    batch.put('whiteList', ownPlace(member, list), sealed);
  }

  async *lists(member: MemberId): AsyncGenerator<[list: string, sealed: Uint8Array]> {
    const place = fromHex(member, 32);
    for await (const [at, sealed] of this.#store.entries('whiteList', { from: place, to: key(place, LAST) }))
      yield [toBase64Url(at.subarray(32)), sealed];
  }

  putRow(batch: Batch, member: MemberId, list: string, subject: Uint8Array, sealed: Uint8Array): void {
    batch.put('whiteListRow', key(ownPlace(member, list), subject), sealed);
  }

  row(member: MemberId, list: string, subject: Uint8Array): Uint8Array | undefined {
    return this.#store.get('whiteListRow', key(ownPlace(member, list), subject));
  }

  forgetRow(batch: Batch, member: MemberId, list: string, subject: Uint8Array): void {
    batch.delete('whiteListRow', key(ownPlace(member, list), subject));
  }

  async *rows(
    member: MemberId,
    list: string,
    after?: Uint8Array,
  ): AsyncGenerator<[subject: Uint8Array, sealed: Uint8Array]> {
    const place = ownPlace(member, list);
    const from = after ? key(place, after, BEHIND) : place;
    for await (const [at, sealed] of this.#store.entries('whiteListRow', { from, to: key(place, LAST) }))
      yield [at.subarray(32 + ID_BYTES), sealed];
  }

  putEvent(batch: Batch, member: MemberId, list: string, event: ListEvent): void {
    batch.put('whiteListEvent', key(ownPlace(member, list), { u64: event.number }), utf8(JSON.stringify(event)));
  }

  async *events(member: MemberId, list: string): AsyncGenerator<ListEvent> {
    const place = ownPlace(member, list);
    for await (const [, value] of this.#store.entries('whiteListEvent', { from: place, to: key(place, LAST) }))
      yield JSON.parse(fromUtf8(value)) as ListEvent;
  }

  forgetEvents(batch: Batch, member: MemberId, list: string, numbers: readonly number[]): void {
    for (const number of numbers) batch.delete('whiteListEvent', key(ownPlace(member, list), { u64: number }));
  }

  putReceived(batch: Batch, member: MemberId, received: ReceivedList): void {
    batch.put('receivedList', receivedPlace(member, received), utf8(JSON.stringify(received)));
  }

  received(member: MemberId, place: Pick<ReceivedList, 'provider' | 'list'>): ReceivedList | undefined {
    const value = this.#store.get('receivedList', receivedPlace(member, place));
    return value && (JSON.parse(fromUtf8(value)) as ReceivedList);
  }

  async *receivedLists(member: MemberId): AsyncGenerator<ReceivedList> {
    const place = fromHex(member, 32);
    const range = { from: place, to: key(place, new Uint8Array(32 + ID_BYTES + 1).fill(0xff)) };
    for await (const [, value] of this.#store.entries('receivedList', range))
      yield JSON.parse(fromUtf8(value)) as ReceivedList;
  }

  putEntry(batch: Batch, member: MemberId, list: Pick<ReceivedList, 'provider' | 'list'>, entry: ReceivedEntry): void {
    const place = key(receivedPlace(member, list), fromBase64Url(entry.lane, ID_BYTES));
    batch.put('receivedEntry', place, utf8(JSON.stringify(entry)));
  }

  entry(member: MemberId, list: Pick<ReceivedList, 'provider' | 'list'>, lane: string): ReceivedEntry | undefined {
    const value = this.#store.get('receivedEntry', key(receivedPlace(member, list), fromBase64Url(lane, ID_BYTES)));
    return value && (JSON.parse(fromUtf8(value)) as ReceivedEntry);
  }

  /** In the order of lanes. @param after the lane before the first */
  async *entries(
    member: MemberId,
    list: Pick<ReceivedList, 'provider' | 'list'>,
    after?: string,
  ): AsyncGenerator<ReceivedEntry> {
    const place = receivedPlace(member, list);
    const from = after === undefined ? place : key(place, fromBase64Url(after, ID_BYTES), BEHIND);
    for await (const [, value] of this.#store.entries('receivedEntry', { from, to: key(place, LAST) }))
      yield JSON.parse(fromUtf8(value)) as ReceivedEntry;
  }
}

function ownPlace(member: MemberId, list: string): Uint8Array {
  return key(fromHex(member, 32), fromBase64Url(list, ID_BYTES));
}

function receivedPlace(member: MemberId, { provider, list }: Pick<ReceivedList, 'provider' | 'list'>): Uint8Array {
  return key(fromHex(member, 32), fromHex(provider, 32), fromBase64Url(list, ID_BYTES));
}

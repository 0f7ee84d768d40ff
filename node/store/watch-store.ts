// Subscriptions at a provider, with what is to be told to each.
import { fromBase64Url, fromHex, fromUtf8, toBase64Url, toHex, utf8 } from '../core/bytes.ts';
import { parseMemberId, type MemberId, type RecordId } from '../core/ids.ts';
import { key } from './buckets.ts';
import type { Batch, Store } from './store.ts';

/** See `WatchPlace` in the exchange's ports. */
interface WatchPlace {
  provider: MemberId;
  grantee: MemberId;
  id: string;
}

/** See `QueuedChange` in the exchange's ports. */
interface QueuedChange {
  kind: string;
  record: RecordId;
  item: string;
  position: number;
  ref?: number;
}

/** See `MadeEvent` in the exchange's ports. */
interface MadeEvent {
  number: number;
  kind: string;
  reason?: string;
  sealed: string;
}

const LAST = Number.MAX_SAFE_INTEGER;

export class LevelWatchStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  putWatch(batch: Batch, place: WatchPlace, sealed: Uint8Array): void {
    batch.put('watch', placeOf(place), sealed);
  }

  async *watches(): AsyncGenerator<[WatchPlace, Uint8Array]> {
    for await (const [at, sealed] of this.#store.entries('watch')) {
      const provider = parseMemberId(toHex(at.subarray(0, 32)));
      const grantee = parseMemberId(toHex(at.subarray(32, 64)));
      yield [{ provider, grantee, id: toBase64Url(at.subarray(64)) }, sealed];
    }
  }

  forgetWatch(batch: Batch, place: WatchPlace, positions: readonly number[], numbers: readonly number[]): void {
    this.forgetChanges(batch, place, positions);
    this.forgetEvents(batch, place, numbers);
    batch.delete('watch', placeOf(place));
  }

  putChange(batch: Batch, place: WatchPlace, change: QueuedChange): void {
    batch.put('watchChange', key(placeOf(place), { u64: change.position }), utf8(JSON.stringify(change)));
  }

  async changes(place: WatchPlace, below: number, limit: number): Promise<QueuedChange[]> {
    const range = { from: placeOf(place), to: key(placeOf(place), { u64: below }), limit };
    const changes: QueuedChange[] = [];
    for await (const [, value] of this.#store.entries('watchChange', range))
      changes.push(JSON.parse(fromUtf8(value)) as QueuedChange);
    return changes;
  }

  forgetChanges(batch: Batch, place: WatchPlace, positions: readonly number[]): void {
    for (const position of positions) batch.delete('watchChange', key(placeOf(place), { u64: position }));
  }

  putEvent(batch: Batch, place: WatchPlace, event: MadeEvent): void {
    batch.put('watchEvent', key(placeOf(place), { u64: event.number }), utf8(JSON.stringify(event)));
  }

  async *events(place: WatchPlace): AsyncGenerator<MadeEvent> {
    const range = { from: placeOf(place), to: key(placeOf(place), { u64: LAST }) };
    for await (const [, value] of this.#store.entries('watchEvent', range))
      yield JSON.parse(fromUtf8(value)) as MadeEvent;
  }

  forgetEvents(batch: Batch, place: WatchPlace, numbers: readonly number[]): void {
    for (const number of numbers) batch.delete('watchEvent', key(placeOf(place), { u64: number }));
  }
}

function placeOf({ provider, grantee, id }: WatchPlace): Uint8Array {
  return key(fromHex(provider, 32), fromHex(grantee, 32), fromBase64Url(id, 32));
}

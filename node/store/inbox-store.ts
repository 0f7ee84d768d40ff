// Subscriptions of hosted members, and the sealed events that came of them, each under its member's cursor.
import { fromBase64Url, fromHex, fromUtf8, utf8 } from '../core/bytes.ts';
import type { GrantTerms } from '../core/consortium.ts';
import type { GrantHash, MemberId } from '../core/ids.ts';
import type { InboxEvent } from '../core/messages/subscription.ts';
import { key, u64At } from './buckets.ts';
import type { Batch, Store } from './store.ts';

/** See `KeptSubscription` in the exchange's ports. */
interface KeptSubscription {
  member: MemberId;
  id: string;
  provider: MemberId;
  grant: GrantHash;
  terms: GrantTerms;
  lane: string;
  state: 'open' | 'closing' | 'ended';
  reason?: string;
  opened: number;
  last: number;
}

export class LevelInboxStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  putSubscription(batch: Batch, subscription: KeptSubscription): void {
    batch.put('subscription', placeOf(subscription), utf8(JSON.stringify(subscription)));
  }

  forgetSubscription(batch: Batch, subscription: Pick<KeptSubscription, 'member' | 'id' | 'provider'>): void {
    batch.delete('subscription', placeOf(subscription));
  }

  async *subscriptions(): AsyncGenerator<KeptSubscription> {
    for await (const [, value] of this.#store.entries('subscription'))
      yield JSON.parse(fromUtf8(value)) as KeptSubscription;
  }

  lastCursor(member: MemberId): number {
    const value = this.#store.get('inboxHead', fromHex(member, 32));
    return value ? u64At(value, 0) : 0;
  }

  putEvent(batch: Batch, member: MemberId, event: InboxEvent): void {
    batch.put('inboxEvent', cursorPlace(member, event.cursor), utf8(JSON.stringify(event)));
    batch.put('inboxHead', fromHex(member, 32), key({ u64: event.cursor }));
  }

  event(member: MemberId, cursor: number): InboxEvent | undefined {
    const value = this.#store.get('inboxEvent', cursorPlace(member, cursor));
    return value && (JSON.parse(fromUtf8(value)) as InboxEvent);
  }

  async *events(member: MemberId, after: number): AsyncGenerator<InboxEvent> {
    const range = { from: cursorPlace(member, after + 1), to: cursorPlace(member, Number.MAX_SAFE_INTEGER) };
    for await (const [, value] of this.#store.entries('inboxEvent', range))
      yield JSON.parse(fromUtf8(value)) as InboxEvent;
  }

  async eventsBefore(member: MemberId, seconds: number, limit: number): Promise<number[]> {
    const cursors: number[] = [];
    for await (const { cursor, time } of this.events(member, 0)) {
      if (time >= seconds || cursors.length === limit) break;
      cursors.push(cursor);
    }
    return cursors;
  }

  forgetEvents(batch: Batch, member: MemberId, cursors: readonly number[]): void {
    for (const cursor of cursors) batch.delete('inboxEvent', cursorPlace(member, cursor));
  }
}

function placeOf({ member, id, provider }: Pick<KeptSubscription, 'member' | 'id' | 'provider'>): Uint8Array {
  return key(fromHex(member, 32), fromBase64Url(id, 32), fromHex(provider, 32));
}

function cursorPlace(member: MemberId, cursor: number): Uint8Array {
  return key(fromHex(member, 32), { u64: cursor });
}
